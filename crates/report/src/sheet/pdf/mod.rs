//! A report as PDF: blocks are laid out on pages ([`layout`]) as marks ([`page`]), which are written then.

mod figure;
mod layout;
mod page;
mod table;
mod text;
mod write;

pub use page::Paper;

use super::Sheet;

/// A report that cannot become a PDF.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum PdfError {
    #[error("making the PDF: the fonts that are part of the program cannot be read")]
    Fonts,
    #[error("making the PDF: {reason}")]
    Write { reason: String },
}

/// The bytes of the file.
///
/// # Errors
/// When the PDF library refuses what it is given.
pub(crate) fn write(sheet: &Sheet, paper: Paper) -> Result<Vec<u8>, PdfError> {
    let fonts = text::Fonts::embedded().ok_or(PdfError::Fonts)?;
    let pages = layout::pages(sheet, paper, &fonts);
    write::document(&sheet.title, paper, &pages)
}

#[cfg(test)]
mod tests;
