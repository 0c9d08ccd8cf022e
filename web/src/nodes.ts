import Nodes from './screens/nodes/Nodes.svelte';
import { start } from './shell/start';
import { startLive } from './state/live';

start(Nodes, startLive);
