import Replay from './screens/replay/Replay.svelte';
import { start } from './shell/start';
import { startLive } from './state/live';

start(Replay, startLive);
