import Admin from './screens/admin/Admin.svelte';
import { start } from './shell/start';
import { startLive } from './state/live';

start(Admin, startLive);
