// What people order about instructions: given, taken, done, confirmed or sent back, cancelled. Each step on the version seen.
import type { Instruction } from '../nouns/instruction';
import { order, type Sent } from './orders';

/** Beside what a new instruction's command is shown: it has no name yet. */
export const NEW_INSTRUCTION = 'instruction/new';
export const instructionTarget = (it: Instruction) => `instruction/${it.id}`;
const path = (it: Instruction, verb: string) => `/api/instructions/${encodeURIComponent(it.id)}/${verb}`;

/** What a leader wants done. */
export interface Giving {
  title: string;
  /** A figure that it was made from; empty: none. */
  about: string;
  /** Empty: none. */
  incident: string;
  adminUnit: string;
  agency: string;
  owner: string;
  /** 0: as a policy says. */
  dueAtMs: number;
  exercise: boolean;
}

/** Gives it. */
export const giveInstruction = (it: Giving, target = NEW_INSTRUCTION): Sent =>
  order('give-instruction', target, '/api/instructions', {
    title: it.title,
    about: it.about,
    incident: it.incident === '' ? null : it.incident,
    admin_unit: it.adminUnit,
    agency: it.agency,
    owner: it.owner === '' ? null : it.owner,
    due_at_ms: it.dueAtMs,
    exercise: it.exercise,
  });

/** Somebody says that they do it. */
export const takeInstruction = (it: Instruction): Sent => order('do-instruction', instructionTarget(it), path(it, 'take'), { expected_version: it.version });
/** It is done, and how. */
export const finishInstruction = (it: Instruction, note: string): Sent =>
  order('do-instruction', instructionTarget(it), path(it, 'finish'), { expected_version: it.version, note });
/** Whoever gave it has seen that it is done. */
export const confirmInstruction = (it: Instruction): Sent => order('give-instruction', instructionTarget(it), path(it, 'confirm'), { expected_version: it.version });
/** It was not done: it runs on clocks of its own again, beside the first ones. */
export const sendBackInstruction = (it: Instruction, note: string): Sent =>
  order('give-instruction', instructionTarget(it), path(it, 'reopen'), { expected_version: it.version, note });
/** It need not be done. */
export const cancelInstruction = (it: Instruction, note: string): Sent =>
  order('give-instruction', instructionTarget(it), path(it, 'cancel'), { expected_version: it.version, note });
