import Console from './screens/console/Console.svelte';
import { start } from './shell/start';
import { consoleDesk } from './state/console.svelte';
import { startLive } from './state/live';

start(Console, (session, ended) => {
  const stops = [startLive(session, ended), consoleDesk.start(session)];
  return () => stops.forEach((stop) => stop());
});
