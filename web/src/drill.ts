import Drills from './screens/drill/Drills.svelte';
import { start } from './shell/start';
import { startLive } from './state/live';

start(Drills, startLive);
