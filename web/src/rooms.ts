import Rooms from './screens/rooms/Rooms.svelte';
import { start } from './shell/start';
import { startLive } from './state/live';

start(Rooms, startLive);
