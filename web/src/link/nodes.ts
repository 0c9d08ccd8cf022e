// What administrators ask of the cluster.
import { clusterOf, type ClusterView } from '../nouns/node';
import { readJson } from './http';

/** How nodes and groups are, and what is to be done, as the node of this page asks all others. */
export async function readCluster(): Promise<ClusterView> {
  return clusterOf(await readJson('/api/drills/watch'));
}
