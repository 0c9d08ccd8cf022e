import type { PartsDict } from './parts.vi';

/** Words of parts that screens share: floods of alarms, the course of an incident, keys, the crew's map. */
export const enParts: PartsDict = {
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
  course: {
    choose: 'Choose an incident to see who has done what.',
    asOf: (at) => `as the centre has it at ${at}`,
    whole: (count) => `See all ${count} lines`,
    fewer: 'Fold',
  },
};
