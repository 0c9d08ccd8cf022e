import Tell from './screens/tell/Tell.svelte';
import { startPublic } from './shell/public';

void startPublic(Tell);
