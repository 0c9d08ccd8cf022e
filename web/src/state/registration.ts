// What an administrator orders about response units, run cards, and receivers of outgoing notices.
import { receiverToWire, type ReceiverDraft } from '../nouns/receiver';
import { hoursToWire, runCardToWire, unitToWire, type RunCard, type UnitDraft } from '../nouns/registration';
import type { Unit } from '../nouns/unit';
import { ordered } from './admin.svelte';
import type { Sent } from './orders';

/** What commands are shown beside. */
export const UNIT_FORM = 'unit/form';
export const HOURS_FORM = 'unit-shift/form';
export const CARD_FORM = 'run-card/form';
export const RECEIVER_FORM = 'receiver/form';
export const cardTarget = ({ kind, severity }: RunCard) => `run-card/${kind}-${severity}`;
export const receiverTarget = (id: string) => `receiver/${id}`;

/** Registers a unit, or amends the version of it that stands there (0: none does); what it does and where it is stay. */
export const putUnit = (draft: UnitDraft, version: number): Sent => ordered(UNIT_FORM, '/api/units', unitToWire(draft, version));

/** Says when a crew is on duty; undefined: always. */
export const setHours = (unit: string, shift: Unit['shift']): Sent =>
  ordered(HOURS_FORM, `/api/units/${encodeURIComponent(unit)}/shift`, hoursToWire(shift), 'assign-incident');

/** Puts a run card over the version that stands there; 0: none does. */
export const putRunCard = (card: RunCard): Sent => ordered(CARD_FORM, '/api/run-cards', runCardToWire(card));

/** Takes a run card away. */
export const dropRunCard = (card: RunCard): Sent => ordered(cardTarget(card), '/api/run-cards', runCardToWire({ ...card, needs: [] }));

/** Puts a receiver over the version that stands there (0: none does); an empty secret leaves the one that it has. */
export const putReceiver = (draft: ReceiverDraft, secret: string, version: number, target: string): Sent =>
  ordered(target, '/api/receivers', receiverToWire(draft, secret, version));
