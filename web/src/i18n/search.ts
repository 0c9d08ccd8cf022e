/** What a person types without marks finds what is written with them: "song cau" finds "Sông Cầu". */
export function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replaceAll('đ', 'd');
}
