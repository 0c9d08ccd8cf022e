// What sort of thing a caller tells of, and how bad it is, by rules over the words: the first suggestion, at the first words. It is
// never applied by itself. A model that knows better speaks once the incident is there. Pure.
import type { Kind } from './kind';
import { placeOfPhrase, usesMarks, wordsOf, type Word } from './phrase';
import type { Severity } from './severity';

/** How sure the rules are: several phrases agree, or one alone says so. */
export type Sureness = 'fairly' | 'unsure';

/** What the rules say of a text, how sure they are, and which of its words said so, as they stand there. */
export interface RuleAdvice {
  kind: Kind;
  severity: Severity;
  sure: Sureness;
  reasons: string[];
}

/** Phrases of a kind by how bad what they tell of is. Vietnamese as callers say it, then English. */
const PHRASES: readonly (readonly [Kind, Severity, string])[] = [
  ['fire', 5, 'nổ bình gas, nổ gas, cháy nổ, cháy chung cư, cháy trường học, cháy bệnh viện, cháy cây xăng, cháy chợ'],
  ['fire', 4, 'cháy, hỏa hoạn, bốc cháy, bốc lửa, lửa lan, phát nổ, tiếng nổ, cháy rừng, fire, explosion'],
  ['fire', 3, 'khói, chập điện, chập cháy, mùi khét, smoke'],
  ['medical', 5, 'ngừng tim, ngừng thở, không thở, bất tỉnh, đuối nước, chết đuối, điện giật, đột quỵ, nguy kịch, unconscious, drowning'],
  ['medical', 4, 'ngất, khó thở, đau tim, đau ngực, co giật, chảy máu, bị thương, cấp cứu, ngộ độc, sắp sinh, đẻ rơi, rắn cắn, injured, bleeding'],
  ['medical', 3, 'sốt cao, gãy tay, gãy chân, bị ngã, dị ứng'],
  ['flood', 5, 'lũ quét, vỡ đê, vỡ đập, nước cuốn, cuốn trôi, lũ ống'],
  ['flood', 4, 'nước dâng, lũ, ngập nhà, nước vào nhà, ngập sâu, ngập ngang, tràn đê, flood'],
  ['flood', 3, 'ngập, ngập nước, ngập lụt, đọng nước'],
  ['traffic', 5, 'tai nạn liên hoàn, lật xe khách, xe khách lao'],
  ['traffic', 4, 'tai nạn, lật xe, xe tải lật, xe khách lật, xe con lật, xe bị lật, ô tô lật, tông xe, đâm xe, đâm nhau, tông nhau, accident, crash'],
  ['traffic', 3, 'va chạm, va quệt, xe hỏng giữa đường'],
  ['traffic', 2, 'ùn tắc, kẹt xe, tắc đường, đèn tín hiệu, traffic jam'],
  ['infrastructure', 5, 'sập nhà, sập cầu, sập mỏ, sập hầm'],
  ['infrastructure', 4, 'sạt lở, lở đất, lở núi, đứt dây điện, dây điện rơi, rơi dây điện, sập, landslide'],
  ['infrastructure', 3, 'mất điện, cây đổ, đổ cây, cột điện, gãy cột, nứt cầu, vỡ ống nước, power cut'],
  ['infrastructure', 2, 'mất nước, ổ gà, hố sụt, nắp cống, đèn đường, mất mạng'],
  ['public-order', 5, 'bắt cóc, nổ súng, xâm hại, giết người, con tin'],
  ['public-order', 4, 'đánh nhau, cướp, cướp giật, cầm dao, hung khí, đe dọa, bạo hành, đánh đập, mất tích, robbery'],
  ['public-order', 3, 'trộm, mất trộm, gây rối, ma túy, đua xe, cờ bạc, theft'],
  ['public-order', 2, 'lừa đảo, tiếng ồn, karaoke, gây ồn'],
  ['pollution', 4, 'rò rỉ hóa chất, tràn hóa chất, tràn dầu, rò khí, cá chết'],
  ['pollution', 2, 'ô nhiễm, mùi hôi, xả thải, nước thải, đốt rác, bụi'],
  ['pollution', 1, 'rác'],
  ['other', 1, 'hỏi thủ tục, hỏi thông tin, xin số điện thoại, góp ý'],
];
/** Words that make anything worse: somebody's life is at stake, or those who cannot help themselves are in it. */
const WORSE: readonly (readonly [Severity, string])[] = [
  [5, 'mắc kẹt, kẹt bên trong, kẹt trong, kẹt lại, bị kẹt, còn người, có người chết, tử vong, người chết, bị vùi, bị chôn, chưa ra được, không ra được, kêu cứu, trapped'],
  [4, 'trẻ em, em bé, người già, bà bầu, nhiều người, lan sang, lan nhanh'],
];
/** It is over, or was nothing. */
const BETTER = 'đã dập, đã tắt, dập tắt được, báo nhầm, đã hết, tập dượt';
/** Typed without marks these say something else than the phrase in them. */
const NOT_FIRE = 'nước chảy, chảy máu, chảy nước, bỏ chạy, chạy trốn, chạy qua, tiêu chảy, chạy xe, máu chảy';
/** Words before a phrase that turn it into its contrary, and how far before. */
const NOT = ['khong', 'chua', 'chang', 'no'];
const NOT_REACH = 3;
/** What has caused the injuries names the incident, not the injuries. */
const CAUSES: readonly Kind[] = ['fire', 'flood', 'traffic', 'infrastructure', 'public-order', 'pollution'];
const CAUSE_SEVERITY_MIN: Severity = 3;

const phrases = (list: string) => list.split(', ').map(wordsOf);
const RULES = PHRASES.flatMap(([kind, severity, list]) => phrases(list).map((phrase) => ({ kind, severity, phrase })));
const RAISERS = WORSE.flatMap(([severity, list]) => phrases(list).map((phrase) => ({ severity, phrase })));
const LOWERERS = phrases(BETTER);
const OTHERS_OF_FIRE = phrases(NOT_FIRE);

interface Hit {
  kind: Kind;
  severity: Severity;
  at: number;
  length: number;
}

/** What the rules make of a text; undefined: nothing in it is known. */
export function adviseByRules(text: string): RuleAdvice | undefined {
  const words = wordsOf(text);
  const strict = usesMarks(words);
  const isDenied = (at: number) => words.slice(Math.max(0, at - NOT_REACH), at).some((word) => NOT.includes(word.plain) && (!strict || word.marks !== '' || word.plain === 'no'));
  const others = OTHERS_OF_FIRE.map((phrase) => ({ at: placeOfPhrase(words, phrase, strict), length: phrase.length })).filter(({ at }) => at >= 0);
  const hits: Hit[] = [];
  for (const { kind, severity, phrase } of RULES) {
    const at = placeOfPhrase(words, phrase, strict);
    // "không thở" is its own denial.
    if (at < 0 || (phrase[0]?.plain !== 'khong' && isDenied(at))) continue;
    if (kind === 'fire' && others.some((other) => at >= other.at && at + phrase.length <= other.at + other.length)) continue;
    hits.push({ kind, severity, at, length: phrase.length });
  }
  if (hits.length === 0) return undefined;
  const causes = hits.filter((hit) => CAUSES.includes(hit.kind) && hit.severity >= CAUSE_SEVERITY_MIN);
  const naming = (causes.length > 0 ? causes : hits).sort((a, b) => b.severity - a.severity || b.length - a.length || a.at - b.at);
  const worst = naming[0] as Hit;
  let severity = hits.reduce<Severity>((most, hit) => (hit.severity > most ? hit.severity : most), 1);
  const agreeing = hits.filter(({ kind }) => kind === worst.kind);
  const reasons: Hit[] = [worst, ...hits.filter((hit) => hit !== worst && hit.severity >= severity)];
  for (const raiser of RAISERS) {
    const at = placeOfPhrase(words, raiser.phrase, strict);
    if (at < 0 || isDenied(at) && !['khong', 'chua'].includes(raiser.phrase[0]?.plain ?? '') || severity <= 2) continue;
    severity = Math.max(severity, raiser.severity) as Severity;
    const raised = { kind: worst.kind, severity: raiser.severity, at, length: raiser.phrase.length };
    reasons.push(raised);
    agreeing.push(raised);
  }
  for (const phrase of LOWERERS) {
    const at = placeOfPhrase(words, phrase, strict);
    if (at < 0 || isDenied(at)) continue;
    severity = Math.max(2, severity - 1) as Severity;
    reasons.push({ kind: worst.kind, severity, at, length: phrase.length });
    break;
  }
  return { kind: worst.kind, severity, sure: surenessOf(agreeing), reasons: asWritten(text, words, reasons) };
}

/** "Cháy chợ" holds "cháy": phrases that share a word are one voice. */
function surenessOf(agreeing: readonly Hit[]): Sureness {
  const isApart = (one: Hit, other: Hit) => one.at + one.length <= other.at || other.at + other.length <= one.at;
  return agreeing.some((one) => agreeing.some((other) => isApart(one, other))) ? 'fairly' : 'unsure';
}

/** Reasons that are shown. */
const REASONS_MAX = 4;

function asWritten(text: string, words: readonly Word[], hits: readonly Hit[]): string[] {
  const whole = text.normalize('NFC');
  const found = hits.map(({ at, length }) => whole.slice(words[at]?.from, words[at + length - 1]?.to));
  // "cháy chợ" says what "cháy" says.
  const longest = found.filter((one, index) => !found.some((other, at) => (other.length > one.length && other.includes(one)) || (at < index && other === one)));
  return longest.slice(0, REASONS_MAX);
}
