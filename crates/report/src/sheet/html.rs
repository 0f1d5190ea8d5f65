//! A report as one HTML file that needs nothing else.

use super::{Block, Figure, HeadCell, Sheet, Table};
use minijinja::{Environment, Value, context};
use siderin_core::RESEARCH_USE;

const TEMPLATE: &str = include_str!("sheet.html.jinja");

/// The page as a string.
pub(crate) fn render(sheet: &Sheet) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.add_template("sheet.html", TEMPLATE)?;
    environment.get_template("sheet.html")?.render(context! {
        title => sheet.title.clone(),
        research_use => RESEARCH_USE,
        tiles => sheet
            .tiles
            .iter()
            .map(|tile| context! {
                value => tile.value.clone(), label => tile.label.clone(), note => tile.note.clone(),
            })
            .collect::<Vec<_>>(),
        warnings => sheet.warnings.clone(),
        blocks => sheet.blocks.iter().map(block).collect::<Vec<_>>(),
    })
}

fn block(block: &Block) -> Value {
    match block {
        Block::Heading(text) => context! { kind => "heading", text => text.clone() },
        Block::Text(text) => context! { kind => "text", text => text.clone() },
        Block::Small(text) => context! { kind => "small", text => text.clone() },
        Block::Alert(text) => context! { kind => "alert", text => text.clone() },
        Block::List(items) => context! { kind => "list", items => items.clone() },
        Block::Tables(tables) => {
            context! { kind => "tables", tables => tables.iter().map(table).collect::<Vec<_>>() }
        }
        Block::Figures(row) => context! { kind => "figures", figures => figures(row) },
        Block::Card(card) => context! {
            kind => "card",
            id => card.id.clone(),
            title => card.title.clone(),
            note => card.note.clone(),
            rows => card.figures.iter().map(|row| figures(row)).collect::<Vec<_>>(),
        },
    }
}

fn figures(row: &[Figure]) -> Vec<Value> {
    row.iter()
        .map(|figure| {
            context! {
                svg => Value::from_safe_string(figure.picture.svg()),
                caption => figure.caption.clone(),
            }
        })
        .collect()
}

fn table(table: &Table) -> Value {
    let head = |(row, columns): (&Vec<HeadCell>, Vec<usize>)| -> Vec<Value> {
        row.iter()
            .zip(columns)
            .map(|(cell, column)| {
                let numeric = cell.columns == 1 && table.numeric.get(column) == Some(&true);
                context! {
                    text => cell.text.clone(), columns => cell.columns, rows => cell.rows, numeric => numeric,
                }
            })
            .collect()
    };
    context! {
        caption => table.caption.clone(),
        head => table.head.iter().zip(table.head_columns()).map(head).collect::<Vec<_>>(),
        rows => table
            .rows
            .iter()
            .map(|row| {
                let cells: Vec<Value> = row
                    .cells
                    .iter()
                    .zip(table.numeric.iter().chain(std::iter::repeat(&false)))
                    .map(|(text, numeric)| context! { text => text.clone(), numeric => *numeric })
                    .collect();
                context! { cells => cells, total => row.is_total, link => row.link.clone() }
            })
            .collect::<Vec<_>>(),
    }
}
