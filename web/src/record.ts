import AuditRecord from './screens/record/AuditRecord.svelte';
import { start } from './shell/start';
import { startLive } from './state/live';

start(AuditRecord, startLive);
