import Console from './screens/console/Console.svelte';
import { start } from './shell/start';
import { consoleDesk } from './state/console.svelte';
import { openDrafts } from './state/draft-store';
import { startLive } from './state/live';

// What was written comes before the first key: nobody begins anew over it.
void openDrafts().then((store) => {
  start(Console, (session, ended) => {
    const stops = [startLive(session, ended), consoleDesk.start(session, store)];
    return () => stops.forEach((stop) => stop());
  });
});
