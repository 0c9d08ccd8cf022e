// Starts the fake node: `npm run fake`. PORT (4180) and ROOT (dist) come from the environment.
import { runnerImport } from 'vite';

const { module } = await runnerImport(new URL('./server.ts', import.meta.url).pathname);
const port = Number(process.env.PORT ?? 4180);
await module.startFake({ port, root: process.env.ROOT ?? 'dist' });
console.log(`fake node on http://127.0.0.1:${port} (any name, password "trongdong")`);
