import Wall from './screens/wall/Wall.svelte';
import { start } from './shell/start';
import { startLive } from './state/live';

start(Wall, startLive);
