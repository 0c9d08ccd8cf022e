import Models from './screens/models/Models.svelte';
import { start } from './shell/start';
import { startLive } from './state/live';

start(Models, startLive);
