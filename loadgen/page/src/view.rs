//! What a page shows, for every kind of result. All text in it is still as it came, and not escaped.

use super::plot::{Plot, Tone};

/// A page.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
    /// Above the title: what kind of result this is.
    pub(super) kind: &'static str,
    pub(super) title: String,
    /// Below it: what was measured, when.
    pub(super) subtitle: String,
    pub(super) callouts: Vec<Callout>,
    /// What makes the numbers mean something else than they seem to.
    pub(super) warnings: Vec<String>,
    pub(super) headlines: Vec<Headline>,
    pub(super) sections: Vec<Section>,
}

/// What the result comes to.
#[derive(Debug, Clone)]
pub(super) struct Callout {
    pub(super) status: Status,
    pub(super) text: String,
    pub(super) detail: String,
}

/// How good a verdict is. The page says it in words and signs too, never by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Good,
    Bad,
    Unsure,
    /// What was done on purpose, to be known before any figure is read.
    Told,
}

impl Status {
    /// Before its words.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Status::Good => "✓",
            Status::Bad => "✗",
            Status::Unsure => "?",
            Status::Told => "!",
        }
    }
}

/// A number to be seen first.
#[derive(Debug, Clone)]
pub(super) struct Headline {
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) unit: String,
    pub(super) note: String,
}

/// A part of the page under a heading.
#[derive(Debug, Clone)]
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) blocks: Vec<Block>,
}

/// What a section is made of.
#[derive(Debug, Clone)]
pub(super) enum Block {
    /// The whole width.
    Plot(Plot),
    /// Beside another where there is room.
    HalfPlot(Plot),
    /// Of points with names.
    Scatter(Plot),
    Bars(Bars),
    Forest(Forest),
    Heat(Heat),
    Grids(Grids),
    Table(Table),
    /// A table of words, which wrap.
    Words(Table),
    /// Names and what they are.
    Facts(Vec<(&'static str, String)>),
    /// As it would be typed.
    Command(String),
}

/// Amounts to compare, or, stacked, shares of one whole.
#[derive(Debug, Clone)]
pub(super) struct Bars {
    pub(super) title: String,
    pub(super) about: String,
    pub(super) is_stacked: bool,
    pub(super) bars: Vec<Bar>,
}

/// One of them.
#[derive(Debug, Clone)]
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) amount: f64,
    pub(super) text: String,
    pub(super) tone: Tone,
}

/// Ratios with what is known of them, each on its row.
#[derive(Debug, Clone)]
pub(super) struct Forest {
    pub(super) title: String,
    pub(super) about: String,
    pub(super) rows: Vec<Ratio>,
}

/// A ratio and its interval.
#[derive(Debug, Clone)]
pub(super) struct Ratio {
    pub(super) name: String,
    /// Low, middle, high.
    pub(super) range: [f64; 3],
    /// The same of a thing against itself.
    pub(super) control: Option<[f64; 3]>,
    /// Within `1/floor..floor` it may be noise.
    pub(super) floor: Option<f64>,
    pub(super) text: String,
    pub(super) tone: Tone,
}

/// A table whose cells are coloured by how good they are beside the others of their column.
#[derive(Debug, Clone)]
pub(super) struct Heat {
    pub(super) title: String,
    pub(super) about: String,
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<HeatRow>,
}

/// One of its rows.
#[derive(Debug, Clone)]
pub(super) struct HeatRow {
    pub(super) name: String,
    /// Text and goodness, from 0 to 1, where it can be told.
    pub(super) cells: Vec<(String, Option<f64>)>,
}

/// One figure over two options, as often as there are other options to hold still.
#[derive(Debug, Clone)]
pub(super) struct Grids {
    pub(super) title: String,
    pub(super) about: String,
    pub(super) grids: Vec<Grid>,
}

/// A field of cells.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    /// What is held still; empty when nothing is.
    pub(super) title: String,
    /// Both options: `linger-ms ↓ codec →`.
    pub(super) corner: String,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<(String, Vec<Option<GridCell>>)>,
}

/// One cell.
#[derive(Debug, Clone)]
pub(super) struct GridCell {
    pub(super) text: String,
    /// From 0 to 1 among all of the same figure; `None`: it does not count.
    pub(super) goodness: Option<f64>,
    pub(super) is_best: bool,
    pub(super) is_on_front: bool,
}

/// Rows; the first column names them.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) title: String,
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
    /// Behind a click: for those who want the numbers under a plot.
    pub(super) is_folded: bool,
}

impl View {
    /// All of them, from top to bottom.
    pub(super) fn plots(&self) -> impl Iterator<Item = &Plot> {
        self.sections.iter().flat_map(|section| &section.blocks).filter_map(|block| match block {
            Block::Plot(plot) | Block::HalfPlot(plot) | Block::Scatter(plot) => Some(plot),
            Block::Bars(_)
            | Block::Forest(_)
            | Block::Heat(_)
            | Block::Grids(_)
            | Block::Table(_)
            | Block::Words(_)
            | Block::Facts(_)
            | Block::Command(_) => None,
        })
    }

    /// The ratios; a page has them once.
    pub(super) fn forests(&self) -> impl Iterator<Item = &Forest> {
        self.sections.iter().flat_map(|section| &section.blocks).filter_map(|block| match block {
            Block::Forest(forest) => Some(forest),
            _ => None,
        })
    }

    /// A section, unless it is empty.
    pub(super) fn add(&mut self, title: &'static str, blocks: Vec<Block>) {
        if !blocks.is_empty() {
            self.sections.push(Section { title, blocks });
        }
    }
}
