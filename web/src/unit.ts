import './state/phone-words';
import Crew from './screens/unit/Crew.svelte';
import { afterPicture } from './shell/later';
import { show } from './shell/show';
import { crewPage } from './state/crew.svelte';

/** Keeps the page's files for the tunnel, after its first picture: on a slow line they would hold it up. */
function keepPage(): void {
  // Without a secure context there is none: then the page opens only with a network.
  const { serviceWorker } = navigator as Partial<Navigator>;
  if (!import.meta.env.PROD || serviceWorker === undefined) return;
  afterPicture({ load: () => serviceWorker.register('/sw.js', { scope: '/unit' }), take: () => {} });
}

crewPage.askAhead();
// No line to the feed: a phone asks for its own order only. It opens without a network, for whoever was signed in last.
void show(Crew, (session, ended) => crewPage.start(session, ended), { opensOffline: true, shown: keepPage });
