// Before the tests a cluster starts, after them it ends, whatever became of them.
import { CLUSTER_VARIABLE, startCluster, STILL } from './cluster';
import { IS_DEMO, UP } from './demo';
import { PICTURE, PROVINCE } from './picture';

export default async function setup(): Promise<() => Promise<void>> {
  const cluster = await startCluster(IS_DEMO ? UP.options : PICTURE === undefined ? STILL : PROVINCE);
  process.env[CLUSTER_VARIABLE] = JSON.stringify(cluster.facts);
  return cluster.stop;
}
