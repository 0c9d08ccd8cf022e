// What a room's screen is set to, with all words. Whoever imports this brings them along: the parts of a crew's phone must not.
import { vi, type Dict } from '../i18n/vi';
import { choices, type Choices } from './choices.svelte';

export const settings = choices as Choices<Dict>;
settings.say({ vi, en: () => import('../i18n/en').then(({ en }) => en) });
