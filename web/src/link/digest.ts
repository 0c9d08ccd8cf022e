// A text that two screens have in common exactly when they show the same: for tests that compare screens after a fault.
import { toJson, type DescMessage, type Message } from '@bufbuild/protobuf';
import { AdminUnitSchema, DistrictSchema } from '../gen/trongdong/v1/admin_unit_pb';
import { AlarmSchema } from '../gen/trongdong/v1/alarm_pb';
import { AgentSchema, CallDeskSchema, CallSchema } from '../gen/trongdong/v1/call_pb';
import { CameraSchema } from '../gen/trongdong/v1/camera_pb';
import { IncidentSchema } from '../gen/trongdong/v1/incident_pb';
import { InstructionSchema } from '../gen/trongdong/v1/instruction_pb';
import { ModelSchema, TallySchema } from '../gen/trongdong/v1/model_pb';
import { WaitingReportSchema } from '../gen/trongdong/v1/report_pb';
import { ExerciseSchema, ShiftNoteSchema, RoomSchema } from '../gen/trongdong/v1/room_pb';
import { SensorSchema } from '../gen/trongdong/v1/sensor_pb';
import { UnitSchema } from '../gen/trongdong/v1/unit_pb';
import { NOUNS, type Noun, type Picture } from './picture';
import { positionText } from './position';

const SCHEMA: Readonly<Record<Noun, DescMessage>> = {
  admin_unit: AdminUnitSchema,
  district: DistrictSchema,
  unit: UnitSchema,
  incident: IncidentSchema,
  instruction: InstructionSchema,
  sensor: SensorSchema,
  camera: CameraSchema,
  alarm: AlarmSchema,
  model: ModelSchema,
  tally: TallySchema,
  call: CallSchema,
  agent: AgentSchema,
  call_desk: CallDeskSchema,
  exercise: ExerciseSchema,
  room: RoomSchema,
  shift_note: ShiftNoteSchema,
  report: WaitingReportSchema,
};

/** All records by noun and id, and each group's place, as JSON with sorted keys. */
export function digest(picture: Picture): string {
  const records = Object.fromEntries(
    NOUNS.map((noun) => {
      const rows = picture.groups.flatMap((group) =>
        [...group.tables[noun]].map(([id, record]) => [id, toJson(SCHEMA[noun], record as Message)] as const),
      );
      return [noun, Object.fromEntries(rows.sort(([a], [b]) => (a < b ? -1 : 1)))];
    }),
  );
  const positions = picture.groups.map((group) => (group.through === undefined ? null : positionText(group.through)));
  return JSON.stringify({ positions, records });
}
