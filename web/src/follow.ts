import Follow from './screens/follow/Follow.svelte';
import { startPublic } from './shell/public';

void startPublic(Follow);
