import Follow from './screens/follow/Follow.svelte';
import { startPublic } from './shell/public';

startPublic(Follow);
