// The words of a crew's phone: few, so that they are there with the first picture.
import { viPhone } from '../i18n/phone.vi';
import { choices } from './choices.svelte';

choices.say({ vi: viPhone, en: () => import('../i18n/phone.en').then(({ enPhone }) => enPhone) });
