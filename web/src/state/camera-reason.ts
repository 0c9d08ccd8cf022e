// Why a camera is looked at, as far as the picture explains it: the incident that it may see, the scene that the room is led to, or that
// it stands on the wall, which does for a road and not for a camera that is marked sensitive.
import { ownScreen } from '../link/reason';
import { incidentBefore, type Camera } from '../nouns/camera';
import { picture } from './picture.svelte';
import { roomDesk } from './room.svelte';

/** Empty: nothing explains it, and whoever looks says why. */
export function cameraReason(camera: Camera): string {
  const incident = incidentBefore(camera, picture.incidents.values());
  if (incident !== undefined) return `incident/${incident.id}`;
  if (roomDesk.leader !== undefined && roomDesk.scene?.cameras.includes(camera.id) === true) return `room/${roomDesk.leader.id}`;
  return camera.sensitive ? '' : ownScreen();
}
