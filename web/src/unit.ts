import Crew from './screens/unit/Crew.svelte';
import { start } from './shell/start';
import { crewPage } from './state/crew.svelte';

// No line to the feed: a phone asks for its own order only. It opens without a network, for whoever was signed in last.
start(Crew, (session, ended) => crewPage.start(session, ended), { opensOffline: true });
// Without a secure context there is none: then the page opens only with a network.
if (import.meta.env.PROD) void navigator.serviceWorker?.register('/sw.js', { scope: '/unit' }).catch(() => {});
