import Crew from './screens/unit/Crew.svelte';
import { start } from './shell/start';
import { crewPage } from './state/crew.svelte';

// No line to the feed: a phone asks for its own order only.
start(Crew, (session, ended) => crewPage.start(session, ended));
