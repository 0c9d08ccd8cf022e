import Board from './screens/dispatch/Board.svelte';
import { start } from './shell/start';
import { startLive } from './state/live';

start(Board, startLive);
