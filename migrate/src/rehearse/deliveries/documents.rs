//! Documents, with the names people give them: blanks, diacritics, in either Unicode form.

use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result};
use unicode_normalization::UnicodeNormalization;

use super::archive::{Member, zip};
use super::product::Product;
use super::tree::{make_folder, write_file};

/// The portal's documents: of every kind, with a folder, an empty one and a link.
pub(super) fn write_portal(dir: &Path, product: &Product) -> Result<()> {
    // A Mac writes accents as characters of their own, Windows and Linux do not. Both arrive.
    let api = decomposed("Đặc tả API.md");
    write_file(&dir.join("Hướng dẫn sử dụng cổng tiêm chủng.docx"), &guide(product)?)?;
    write_file(&dir.join(&api), api_text(product).as_bytes())?;
    write_file(&dir.join("Sơ đồ triển khai.pdf"), &diagram(product))?;
    let minutes = dir.join("Biên bản");
    write_file(&minutes.join("Biên bản họp ngày 18-03-2022.docx"), &meeting(product)?)?;
    let draft = format!("# Biên bản bàn giao (dự thảo)\n\n{}: chưa ký.\n", product.name_vi);
    write_file(&minutes.join(decomposed("Dự thảo lần 1.md")), draft.as_bytes())?;
    make_folder(&dir.join("Ảnh chụp màn hình"))?;
    let link = dir.join("Đặc tả API (mới nhất).md");
    symlink(&api, &link).with_context(|| format!("cannot make the link {}", link.display()))
}

/// The documents of vaccination sites' system.
pub(super) fn write_support(dir: &Path, product: &Product) -> Result<()> {
    write_file(&dir.join("Hướng dẫn nhập liệu tại điểm tiêm.docx"), &guide(product)?)?;
    write_file(&dir.join(decomposed("Mô tả cơ sở dữ liệu.md")), api_text(product).as_bytes())?;
    write_file(&dir.join("Biên bản/Biên bản tập huấn.docx"), &meeting(product)?)
}

/// The documents of the steering committee's system.
pub(super) fn write_mcc(dir: &Path, product: &Product) -> Result<()> {
    write_file(&dir.join("Danh sách chỉ tiêu báo cáo.md"), api_text(product).as_bytes())?;
    write_file(&dir.join(decomposed("Sơ đồ hệ thống.pdf")), &diagram(product))
}

/// The documents of the citizens' app.
pub(super) fn write_app(dir: &Path, product: &Product) -> Result<()> {
    write_file(&dir.join(decomposed("Hướng dẫn người dân.docx")), &guide(product)?)?;
    write_file(&dir.join("Đặc tả API.md"), api_text(product).as_bytes())
}

/// A name with accents as characters of their own (NFD).
fn decomposed(name: &str) -> String {
    name.nfd().collect()
}

fn guide(product: &Product) -> Result<Vec<u8>> {
    let mut lines = vec![format!("Hướng dẫn sử dụng: {}", product.name_vi)];
    lines.push(format!("Phiên bản {}", product.version()));
    let steps = product.records.iter().zip(1..);
    lines.extend(steps.map(|(record, step)| format!("{step}. {}", record.name_vi)));
    word(&lines)
}

fn meeting(product: &Product) -> Result<Vec<u8>> {
    word(&[
        format!("Biên bản: {}", product.name_vi),
        "Các bên thống nhất thời gian bàn giao mã nguồn, bộ cài đặt, cơ sở dữ liệu và tài liệu."
            .to_owned(),
    ])
}

/// A Word document of a few paragraphs: the three parts that ECMA-376 asks for at least. None of
/// the lines has a character that XML would need escaped.
fn word(lines: &[String]) -> Result<Vec<u8>> {
    const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
    let types = "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
        <Default Extension=\"rels\" \
        ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
        <Override PartName=\"/word/document.xml\" ContentType=\"application/\
        vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>";
    let relations = "<Relationships \
        xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
        <Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/\
        relationships/officeDocument\" Target=\"word/document.xml\"/></Relationships>";
    let paragraphs: Vec<String> =
        lines.iter().map(|line| format!("<w:p><w:r><w:t>{line}</w:t></w:r></w:p>")).collect();
    let paragraphs = paragraphs.concat();
    let document = format!(
        "<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">\
         <w:body>{paragraphs}</w:body></w:document>"
    );
    zip(&[
        Member::file("[Content_Types].xml", format!("{XML}{types}")),
        Member::file("_rels/.rels", format!("{XML}{relations}")),
        Member::file("word/document.xml", format!("{XML}{document}")),
    ])
}

/// A specification in Markdown.
fn api_text(product: &Product) -> String {
    let mut text = format!("# {}\n\n| Đường dẫn | Nội dung |\n|---|---|\n", product.name_vi);
    for record in &product.records {
        text += &format!("| `GET /{}` | {} |\n", record.table.replace('_', "-"), record.name_vi);
    }
    text
}

/// A PDF of one page: boxes on top of each other, with a word in each (ISO 32000-1, annex H.2). Its
/// built-in font has no Vietnamese letters, so that the words are names of classes.
fn diagram(product: &Product) -> Vec<u8> {
    let mut drawing = String::new();
    for (record, place) in product.records.iter().zip(0..) {
        let bottom = 700 - 90 * place;
        drawing += &format!("72 {bottom} 300 60 re S\n");
        drawing += &format!("BT /F1 14 Tf 90 {} Td ({}) Tj ET\n", bottom + 24, record.class);
    }
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{drawing}endstream", drawing.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut pdf = "%PDF-1.4\n".to_owned();
    let mut index = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (object, number) in objects.iter().zip(1..) {
        index += &format!("{:010} 00000 n \n", pdf.len());
        pdf += &format!("{number} 0 obj\n{object}\nendobj\n");
    }
    let start = pdf.len();
    pdf += &format!(
        "{index}trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    );
    pdf.into_bytes()
}
