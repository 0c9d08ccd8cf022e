import Deadlines from './screens/deadlines/Deadlines.svelte';
import { start } from './shell/start';
import { startLive } from './state/live';

start(Deadlines, startLive);
