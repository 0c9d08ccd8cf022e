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
  crewMap: {
    heading: 'Map',
    alone: 'The place; where the crew is is not known',
    far: (distance, direction) => `The incident is ${distance} away as the crow flies, to the ${direction}`,
    direction: { n: 'north', ne: 'north-east', e: 'east', se: 'south-east', s: 'south', sw: 'south-west', w: 'west', nw: 'north-west' },
    me: 'Me',
    byPhone: (age) => `Where this device was ${age} ago`,
    byCentre: (age) => `Where the centre knew you to be ${age} ago`,
    unknown: 'Where the crew is is not known.',
    denied: 'The device does not say where it is. Allow this page to use the location, in its settings.',
    locate: 'Show where I am',
    both: 'Show both',
    close: 'Show the place closely',
    approximate: 'borders are approximate',
    noShapes: 'the borders could not be loaded',
  },
};
