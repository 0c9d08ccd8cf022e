//! A page of sections as one HTML file: no script, no font, nothing fetched.

/// One part of a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Section {
    /// A paragraph.
    Text(String),
    /// A table; every row has as many cells as there are columns.
    Table {
        /// Its heading.
        title: String,
        /// Names of the columns; all empty for a table without a head.
        columns: Vec<String>,
        /// Cells.
        rows: Vec<Vec<String>>,
    },
    /// A plot.
    Plot {
        /// Its heading.
        title: String,
        /// The drawing, as `plot` makes it.
        svg: String,
    },
}

/// A page.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    title: String,
    title_english: String,
    sections: Vec<Section>,
}

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1f2b;background:#fff}\
    h1 small{color:#5a6375;font-weight:400}h2{font-size:1.05rem;margin-top:2rem}table{border-collapse:collapse}\
    td,th{padding:.2rem .7rem;border-bottom:1px solid #d5dae3;text-align:left;font-variant-numeric:tabular-nums}\
    svg{max-width:100%;height:auto}td{overflow-wrap:anywhere}";

impl Page {
    /// An empty page: the title in Vietnamese, then in English.
    #[must_use]
    pub fn new(title: &str, title_english: &str) -> Self {
        Self { title: title.to_owned(), title_english: title_english.to_owned(), sections: Vec::new() }
    }

    /// Adds a section at the end.
    pub fn push(&mut self, section: Section) {
        self.sections.push(section);
    }

    /// The page as a file.
    #[must_use]
    pub fn html(&self) -> String {
        let (title, english) = (escape(&self.title), escape(&self.title_english));
        let mut out = format!(
            "<!doctype html><html lang=\"vi\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
             <title>{title}</title><style>{STYLE}</style></head><body><h1>{title} <small>{english}</small></h1>"
        );
        for section in &self.sections {
            match section {
                Section::Text(text) => out.push_str(&format!("<p>{}</p>", escape(text))),
                Section::Plot { title, svg } => out.push_str(&format!("<h2>{}</h2>{svg}", escape(title))),
                Section::Table { title, columns, rows } => {
                    out.push_str(&format!("<h2>{}</h2><table>", escape(title)));
                    if columns.iter().any(|name| !name.is_empty()) {
                        out.push_str(&format!("<tr>{}</tr>", cells("th", columns)));
                    }
                    out.extend(rows.iter().map(|row| format!("<tr>{}</tr>", cells("td", row))));
                    out.push_str("</table>");
                }
            }
        }
        out.push_str("</body></html>\n");
        out
    }
}

fn cells(tag: &str, row: &[String]) -> String {
    row.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(cell))).collect()
}

/// Text as HTML has it.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_its_sections_and_no_text_breaks_out() {
        let mut page = Page::new("Báo cáo", "Report");
        page.push(Section::Text("<script>".to_owned()));
        page.push(Section::Table { title: "T".into(), columns: vec!["a".into()], rows: vec![vec!["1 & 2".into()]] });
        let html = page.html();
        assert!(html.contains("&lt;script&gt;") && !html.contains("<script>"));
        assert!(html.contains("<th>a</th>") && html.contains("1 &amp; 2"));
    }
}
