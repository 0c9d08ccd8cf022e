/** Words of parts that screens share: floods of alarms, the course of an incident, keys, the crew's map. */
export const viParts = {
  flood: {
    begun: 'Cảnh báo dồn dập: danh sách được gom theo sự cố và nơi.',
    heading: (raised: string) => `DỒN DẬP: ${raised} cảnh báo trong 10 phút`,
    folded: (alarms: string, rows: string) => `Đã gom ${alarms} cảnh báo vào ${rows} dòng theo sự cố và nơi. Mức Khẩn cấp để riêng; không cảnh báo nào bị bỏ.`,
    nothingFolded: 'Chưa có nhóm nào để gom: mỗi cảnh báo một dòng.',
    shownEach: 'Đang hiện từng cảnh báo.',
    showEach: 'Hiện từng cảnh báo',
    fold: 'Gom lại',
    incident: (id: string) => `Sự cố ${id}`,
    count: (count: string) => `${count} cảnh báo`,
    levels: (level: string, count: string) => `${level} ×${count}`,
    allSeen: 'đã xác nhận hết',
  },
  course: {
    choose: 'Chọn một sự cố để xem ai đã làm gì.',
    asOf: (at: string) => `như trung tâm ghi lúc ${at}`,
    whole: (count: string) => `Xem cả ${count} dòng`,
    fewer: 'Thu gọn',
  },
};

/** What every language says of them. */
export type PartsDict = typeof viParts;
