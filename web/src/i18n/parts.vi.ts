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
  crewMap: {
    heading: 'Bản đồ',
    alone: 'Nơi xảy ra; chưa rõ đội đang ở đâu',
    far: (distance: string, direction: string) => `Sự cố cách ${distance} đường chim bay, hướng ${direction}`,
    direction: { n: 'bắc', ne: 'đông bắc', e: 'đông', se: 'đông nam', s: 'nam', sw: 'tây nam', w: 'tây', nw: 'tây bắc' },
    me: 'Tôi',
    byPhone: (age: string) => `Vị trí của máy này ${age} trước`,
    byCentre: (age: string) => `Vị trí trung tâm biết ${age} trước`,
    unknown: 'Chưa biết vị trí của đội.',
    denied: 'Máy không cho biết vị trí. Hãy cho phép trang này dùng vị trí trong cài đặt.',
    locate: 'Hiện vị trí của tôi',
    both: 'Xem cả hai',
    close: 'Xem gần nơi xảy ra',
    approximate: 'ranh giới gần đúng',
    noShapes: 'chưa tải được ranh giới',
  },
};

/** What every language says of them. */
export type PartsDict = typeof viParts;
