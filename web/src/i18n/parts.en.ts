import type { PartsDict } from './parts.vi';
import { enResponse } from './response.en';

/** Words of parts that screens share: floods of alarms, the course of an incident, keys, the crew's map. */
export const enParts: PartsDict = {
  response: enResponse,
  flood: {
    begun: 'Alarms come as a flood: the list is gathered by incident and place.',
    heading: (raised) => `FLOOD: ${raised} alarms in 10 minutes`,
    folded: (alarms, rows) => `${alarms} alarms are gathered in ${rows} rows by incident and place. Critical ones stand alone; none is left out.`,
    nothingFolded: 'Nothing has a cause in common: one row for each alarm.',
    shownEach: 'Each alarm has a row.',
    showEach: 'Show each alarm',
    fold: 'Gather',
    incident: (id) => `Incident ${id}`,
    count: (count) => `${count} alarms`,
    levels: (level, count) => `${level} ×${count}`,
    allSeen: 'all acknowledged',
  },
  health: {
    open: 'Health',
    heading: 'Health of the alarms',
    note: (raised) => `${raised} alarms in 7 days, without exercises.`,
    mix: 'Level',
    is: 'Is',
    should: 'Should be about',
    low: 'Info to medium',
    flood: 'Time in flood',
    over: 'over',
    stale: (count) => `Standing for more than 24 hours: ${count}`,
    standing: (age) => `for ${age}`,
    worst: 'Chatter most',
    none: 'None.',
  },
  answered: {
    of: (calls) => `${calls} calls in the last hour`,
    within: (seconds, share, target) => `Answered in ${seconds} s: ${share} % (${target} asked)`,
  },
  held: {
    fresh: (count: string) => `${count} new`,
    moved: (count: string) => `${count} moved`,
    left: (count: string) => `${count} left`,
    gone: 'has left the list',
    why: 'The list keeps its order while you point at it. Press to sort it now.',
  },
  keys: {
    heading: 'Keys of this screen',
    singleOn: 'Single characters are keys',
    singleHint: 'Turn them off if you use speech or press keys by mistake: everything that they do is then done with Alt.',
    common: [
      ['Shift+F1', 'this list'],
      ['Tab', 'to the next place; at first: skip to the content'],
      ['Esc', 'close, leave'],
      ['Alt+L', 'sorts a list that keeps its order'],
    ],
    own: {
      wall: [
        ['F1', 'this list'],
        ['F2', 'acknowledge the first alarm'],
        ['F3', 'take the chosen or the first incident'],
        ['F4', 'see what is done'],
        ['F8', 'open an incident'],
        ['F9', 'assign units to the chosen incident'],
        ['Ctrl+Enter', 'write the note'],
      ],
      dispatch: [
        ['F1', 'this list'],
        ['↑ ↓', 'choose the incident'],
      ],
      console: [
        ['F1', 'command line; again in the command line: this list'],
        ['F2', 'answer; of a call back: reached'],
        ['F3', 'hold, resume'],
        ['F4', 'take all suggestions'],
        ['F6', 'transfer the call'],
        ['F7', 'end; then: wrap-up over'],
        ['Shift+F7', 'false call'],
        ['F8', 'available, break'],
        ['F9', 'save; after saving: send the first unit of the list'],
        ['Ctrl+K', 'command line'],
        ['Ctrl+Enter', 'save the form, then note'],
      ],
    },
    withAlt: {
      dispatch: [['Alt+1…9', 'send the unit at that place of the list']],
      console: [
        ['Alt+1…9', 'it is that incident; after saving: send the unit at that place'],
        ['Alt+N', 'new form'],
        ['Alt+Shift+← ↑ → ↓', 'move the pin 100 m'],
      ],
    },
    single: {
      dispatch: [['1…9', 'like Alt+1…9']],
      console: [
        ['A…Z', 'typed anywhere, they are the caller’s words'],
        ['/', 'command line, while nothing is written'],
        ['1…9', 'after saving: like Alt+1…9'],
      ],
    },
  },
  discreet: 'discreet: open the file to read it',
  skip: 'Skip to content',
  newIncident: (severity, title) => `New incident, ${severity}: ${title}`,
};
