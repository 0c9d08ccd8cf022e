import { viResponse } from './response.vi';
import { viService } from './service.vi';

/** Words of parts that screens share: floods of alarms, the course of an incident, keys, the crew's map. */
export const viParts = {
  response: viResponse,
  service: viService,
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
  health: {
    open: 'Đánh giá',
    heading: 'Đánh giá cảnh báo',
    note: (raised: string) => `${raised} cảnh báo trong 7 ngày, không kể diễn tập.`,
    mix: 'Mức',
    is: 'Thực tế',
    should: 'Nên khoảng',
    low: 'Thông tin đến trung bình',
    flood: 'Thời gian dồn dập',
    over: 'vượt',
    stale: (count: string) => `Đứng quá 24 giờ: ${count}`,
    standing: (age: string) => `đã ${age}`,
    worst: 'Chập chờn nhiều nhất',
    none: 'Không có.',
  },
  answered: {
    of: (calls: string) => `${calls} cuộc gọi trong giờ qua`,
    within: (seconds: string, share: string, target: string) => `Nghe trong ${seconds} s: ${share} % (cần ${target})`,
  },
  held: {
    fresh: (count: string) => `${count} mới`,
    moved: (count: string) => `${count} đổi chỗ`,
    left: (count: string) => `${count} đã rời`,
    gone: 'đã rời danh sách',
    why: 'Danh sách giữ nguyên thứ tự trong lúc bạn trỏ vào. Bấm để xếp lại ngay.',
  },
  build: {
    heading: 'Có bản mới của màn hình',
    alone: 'Màn hình tự tải lại khi không ai thao tác và không có cảnh báo mức 5 chờ xác nhận.',
    desk: 'Tải lại lúc rảnh tay.',
    words: 'Trong ô còn chữ chưa lưu, tải lại có thể mất.',
    load: 'Tải lại',
    anyway: 'Vẫn tải lại',
  },
  load: {
    heading: 'Việc đang giữ theo người',
    open: (count: string) => `${count} sự cố`,
    grave: (count: string) => `${count} mức 4–5`,
    alarms: (count: string) => `${count} cảnh báo trong 10 phút`,
    alarmsOver: (count: string, target: string) => `${count} cảnh báo trong 10 phút (lâu dài nên ≤ ${target})`,
    more: 'Người khác nữa',
    nobody: 'Chưa ai tiếp nhận',
    elsewhere: 'Nơi khác chủ trì',
  },
  keys: {
    heading: 'Phím tắt của màn hình này',
    singleOn: 'Dùng phím một ký tự',
    singleHint: 'Tắt đi nếu bạn dùng giọng nói hoặc hay chạm nhầm phím: khi đó mọi việc của phím một ký tự làm bằng phím có Alt.',
    common: [
      ['Shift+F1', 'danh sách này'],
      ['Tab', 'sang chỗ tiếp theo; lần đầu: nhảy đến nội dung'],
      ['Esc', 'đóng, bỏ qua'],
      ['Alt+L', 'xếp lại danh sách đang giữ thứ tự'],
    ] as readonly (readonly [string, string])[],
    own: {
      wall: [
        ['F1', 'danh sách này'],
        ['F2', 'xác nhận cảnh báo đứng đầu'],
        ['F3', 'tiếp nhận sự cố đang chọn hoặc đứng đầu'],
        ['F4', 'xem sự cố đã xong'],
        ['F8', 'mở sự cố mới'],
        ['F9', 'điều lực lượng cho sự cố đang chọn'],
        ['Ctrl+Enter', 'ghi ghi chú'],
      ] as readonly (readonly [string, string])[],
      dispatch: [
        ['F1', 'danh sách này'],
        ['Ctrl+K', 'dòng lệnh: điều, trạng thái lực lượng, ghi thêm'],
        ['↑ ↓', 'chọn sự cố'],
      ] as readonly (readonly [string, string])[],
      console: [
        ['F1', 'dòng lệnh; bấm lần nữa trong dòng lệnh: danh sách này'],
        ['F2', 'nghe; khi gọi lại: đã gặp'],
        ['F3', 'giữ máy, nghe tiếp'],
        ['F4', 'nhận mọi gợi ý'],
        ['F6', 'chuyển cuộc gọi'],
        ['F7', 'kết thúc; sau đó: ghi xong'],
        ['Shift+F7', 'báo giả'],
        ['F8', 'sẵn sàng, nghỉ'],
        ['F9', 'lưu; sau khi lưu: điều lực lượng đầu danh sách'],
        ['Ctrl+K', 'dòng lệnh'],
        ['Ctrl+Enter', 'lưu phiếu, sau đó ghi chú'],
      ] as readonly (readonly [string, string])[],
    },
    withAlt: {
      dispatch: [['Alt+1…9', 'điều lực lượng ở chỗ đó trong danh sách']] as readonly (readonly [string, string])[],
      console: [
        ['Alt+1…9', 'là sự cố đó; sau khi lưu: điều lực lượng ở chỗ đó'],
        ['Alt+N', 'phiếu mới'],
        ['Alt+Shift+← ↑ → ↓', 'dời ghim 100 m'],
      ] as readonly (readonly [string, string])[],
    },
    single: {
      dispatch: [['1…9', 'như Alt+1…9'], ['/', 'dòng lệnh']] as readonly (readonly [string, string])[],
      console: [
        ['A…Z', 'gõ ở đâu cũng vào ô kể'],
        ['/', 'dòng lệnh, khi chưa viết gì'],
        ['1…9', 'sau khi lưu: như Alt+1…9'],
      ] as readonly (readonly [string, string])[],
    },
  },
  discreet: 'nội dung kín, mở hồ sơ để xem',
  skip: 'Đến nội dung',
  newIncident: (severity: string, title: string) => `Sự cố mới, mức ${severity}: ${title}`,
};

/** What every language says of them. */
export type PartsDict = typeof viParts;
