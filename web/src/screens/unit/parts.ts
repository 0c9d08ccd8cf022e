// What stands below the order, and comes after the first picture.
export { default as AskedDrill } from './AskedDrill.svelte';
export { default as CrewCourse } from './CrewCourse.svelte';
export { default as CrewMap } from './CrewMap.svelte';
export { default as PhotoStrip } from '../../ui/PhotoStrip.svelte';
