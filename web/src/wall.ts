import Wall from './screens/wall/Wall.svelte';
import { start } from './shell/start';
import { startLive } from './state/live';

// The room that the address names makes this its wall; the one that is kept on the machine is only where its orders come from.
const room = new URLSearchParams(location.search).get('room') ?? '';
start(Wall, (session, ended) => startLive(session, ended, room));
