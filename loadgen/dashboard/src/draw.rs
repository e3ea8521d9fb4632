//! A board on a screen of any size. What does not fit is left out, the least important first.

use super::board::Board;
use loadgen_engine::sketch::Counts;
use loadgen_result::text::thousands;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Padding, Paragraph, RenderDirection, Sparkline};

const ACCENT: Color = Color::Cyan;
const SOFT: Color = Color::DarkGray;
const WARN: Color = Color::Yellow;

/// Rows of the boxes with numbers.
const NUMBERS_ROWS: u16 = 9;
/// Narrower, there is only the last second.
const BOTH_COLUMNS_MIN: u16 = 76;
/// Without room for these, the boxes below are left out.
const LOWER_ROWS_MIN: u16 = 5;

pub(super) fn draw(frame: &mut Frame<'_>, board: &Board) {
    let area = frame.area();
    if area.height < 12 || area.width < 50 {
        return draw_small(frame, board, area);
    }
    let [head, progress, numbers, lower, foot] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Length(2),
        Constraint::Max(NUMBERS_ROWS),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(area.inner(ratatui::layout::Margin::new(1, 0)));
    draw_head(frame, board, head);
    draw_progress(frame, board, progress);
    let latency_width = if area.width >= BOTH_COLUMNS_MIN { 38 } else { 26 };
    let [rates, latency] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(latency_width)]).areas(numbers);
    draw_rates(frame, board, rates);
    draw_latency(frame, board, latency);
    if lower.height >= LOWER_ROWS_MIN {
        draw_lower(frame, board, lower);
    }
    draw_foot(frame, board, foot);
}

/// Where there is no room for boxes: a line each, the most important first.
fn draw_small(frame: &mut Frame<'_>, board: &Board, area: Rect) {
    let p99 = milliseconds(board.last_second.at_quantile(0.99));
    let lines = vec![
        Line::from(format!("{} {:.0} s left", board.phase, board.left_s)).fg(ACCENT),
        Line::from(format!("{} records/s", thousands(board.rates.acked))).bold(),
        Line::from(format!("p99 {p99} ms")),
        Line::from(format!("{} records behind", thousands(board.behind.iter().sum::<u64>() as f64))),
        Line::from(board.warnings.first().cloned().unwrap_or_default()).fg(WARN),
    ];
    frame.render_widget(Paragraph::new(lines), area);
}

fn draw_head(frame: &mut Frame<'_>, board: &Board, area: Rect) {
    let title = Line::from(vec![
        Span::from("loadgen").fg(ACCENT).bold(),
        Span::from("  "),
        Span::from(board.broker.as_str()).bold(),
        Span::from("  "),
        Span::from(board.setting.as_str()).fg(SOFT),
    ]);
    frame.render_widget(Paragraph::new(title), area);
}

/// `measuring  ━━━━━━━━━╸──────── 12 s left`, the warm-up's part in grey.
fn draw_progress(frame: &mut Frame<'_>, board: &Board, area: Rect) {
    let left = if board.left_s > 0.0 { format!(" {:>4.0} s left", board.left_s) } else { String::new() };
    let phase = format!("{:<17}", board.phase);
    let room = usize::from(area.width).saturating_sub(phase.chars().count() + left.chars().count());
    let cells = |share: f64| (share.clamp(0.0, 1.0) * room as f64).round() as usize;
    let (done, warm) = (cells(board.done), cells(board.warm_at));
    let line = Line::from(vec![
        Span::from(phase).bold(),
        Span::from("━".repeat(done.min(warm))).fg(SOFT),
        Span::from("━".repeat(done.saturating_sub(warm))).fg(ACCENT),
        Span::from("─".repeat(room - done)).fg(SOFT),
        Span::from(left),
    ]);
    frame.render_widget(Paragraph::new(line), area);
}

fn boxed(title: &str) -> Block<'_> {
    Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(Style::new().fg(SOFT))
        .padding(Padding::horizontal(1))
        .title(Span::from(format!(" {title} ")).add_modifier(Modifier::BOLD))
}

fn draw_rates(frame: &mut Frame<'_>, board: &Board, area: Rect) {
    let block = boxed("Records per second");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let [numbers, chart] = Layout::vertical([Constraint::Length(3), Constraint::Fill(1)]).areas(inner);
    let target = board.target_rate.map_or_else(String::new, |target| {
        format!("  {:.0} % of {}", board.rates.acked / target * 100.0, thousands(target))
    });
    let row = |name: &'static str, value: f64, rest: String| {
        let number = format!("{:>12}", thousands(value));
        Line::from(vec![name.fg(SOFT), number.bold(), rest.fg(SOFT)])
    };
    let mut rows = vec![row("acked ", board.rates.acked, target)];
    if board.has_consumers {
        let behind = thousands(board.behind.iter().sum::<u64>() as f64);
        rows.push(row("read  ", board.rates.read, format!("  {behind} behind")));
    }
    let total = format!("  {} in all", thousands(board.acked as f64));
    rows.push(row("MB/s  ", board.rates.acked_bytes / 1e6, total));
    frame.render_widget(Paragraph::new(rows), numbers);
    let newest = board.time_series.iter().rev().take(usize::from(chart.width)).copied();
    let mut data: Vec<u64> = newest.collect();
    data.resize(usize::from(chart.width), 0);
    let sparkline = Sparkline::default()
        .data(data)
        .direction(RenderDirection::RightToLeft)
        .style(Style::new().fg(ACCENT));
    frame.render_widget(sparkline, chart);
}

fn draw_latency(frame: &mut Frame<'_>, board: &Board, area: Rect) {
    let mut rows = vec![Line::from(format!("{:<8}{:>12}{:>12}", "", "last second", "so far")).fg(SOFT)];
    for (name, quantile) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)] {
        let of = |counts: &Counts| milliseconds(counts.at_quantile(quantile));
        rows.push(Line::from(vec![
            Span::from(format!("{name:<8}")).fg(SOFT),
            Span::from(format!("{:>12}", of(&board.last_second))).bold(),
            Span::from(format!("{:>12}", of(&board.so_far))),
        ]));
    }
    frame.render_widget(Paragraph::new(rows).block(boxed("Response time, ms")), area);
}

fn draw_lower(frame: &mut Frame<'_>, board: &Board, area: Rect) {
    let lag_width = if board.has_consumers && area.width >= 76 { 38 } else { 0 };
    let [histogram, lag] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(lag_width)]).areas(area);
    draw_histogram(frame, board, histogram);
    if lag_width > 0 {
        draw_lag(frame, board, lag);
    }
}

/// A row for each range of latencies, as long as it is frequent.
fn draw_histogram(frame: &mut Frame<'_>, board: &Board, area: Rect) {
    let block = boxed("Response times of the last second, ms");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let bars = board.last_second.bars(usize::from(inner.height));
    let most = bars.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1) as f64;
    let total = bars.iter().map(|(_, count)| *count).sum::<u64>().max(1) as f64;
    let room = usize::from(inner.width).saturating_sub(20);
    let row = |(end_ms, count): &(f64, u64)| {
        let share = *count as f64 / total * 100.0;
        Line::from(vec![
            Span::from(format!("≤{:>8} ", milliseconds(Some(*end_ms)))).fg(SOFT),
            Span::from(blocks(*count as f64 / most * room as f64)).fg(ACCENT),
            Span::from(if *count == 0 { String::new() } else { format!(" {share:.1} %") }).fg(SOFT),
        ])
    };
    frame.render_widget(Paragraph::new(bars.iter().map(row).collect::<Vec<_>>()), inner);
}

/// The partitions that are furthest behind, in their order when all fit.
fn draw_lag(frame: &mut Frame<'_>, board: &Board, area: Rect) {
    let block = boxed("Records behind, by partition");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let mut partitions: Vec<(usize, u64)> = board.behind.iter().copied().enumerate().collect();
    let rows = usize::from(inner.height);
    if partitions.len() > rows {
        partitions.sort_by_key(|(_, behind)| std::cmp::Reverse(*behind));
        partitions.truncate(rows);
    }
    let most = partitions.iter().map(|(_, behind)| *behind).max().unwrap_or(0).max(1) as f64;
    let room = usize::from(inner.width).saturating_sub(17);
    let row = |(partition, behind): &(usize, u64)| {
        Line::from(vec![
            Span::from(format!("{partition:>5} ")).fg(SOFT),
            Span::from(format!("{:>10} ", thousands(*behind as f64))),
            Span::from(blocks(*behind as f64 / most * room as f64)).fg(Color::Magenta),
        ])
    };
    frame.render_widget(Paragraph::new(partitions.iter().map(row).collect::<Vec<_>>()), inner);
}

fn draw_foot(frame: &mut Frame<'_>, board: &Board, area: Rect) {
    let line = if board.warnings.is_empty() {
        Line::from(vec![
            Span::from("q").bold(),
            Span::from(" ends the run and keeps what was measured so far").fg(SOFT),
        ])
    } else {
        Line::from(format!("! {}", board.warnings.join("; "))).fg(WARN)
    };
    frame.render_widget(Paragraph::new(line), area);
}

/// A bar so many cells long, to the eighth of a cell.
fn blocks(cells: f64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (cells.max(0.0) * 8.0).round() as usize;
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

fn milliseconds(ms: Option<f64>) -> String {
    match ms {
        None => "–".into(),
        Some(ms) if ms < 10.0 => format!("{ms:.2}"),
        Some(ms) if ms < 100.0 => format!("{ms:.1}"),
        Some(ms) => thousands(ms.round()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_engine::sketch::Sketch;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn board() -> Board {
        let sketch = Sketch::default();
        (1..500u64).for_each(|i| sketch.record(i * i * 1_000, i));
        let mut counts = Counts::default();
        sketch.add_to(&mut counts);
        Board {
            phase: "measuring".into(),
            broker: "creel at 127.0.0.1:9092".into(),
            setting: "4 partitions".into(),
            target_rate: Some(50_000.0),
            done: 0.4,
            warm_at: 0.1,
            left_s: 12.0,
            time_series: (0..700).map(|i| i * 37 % 1_000).collect(),
            last_second: counts.clone(),
            so_far: counts,
            acked: u64::MAX,
            behind: (0..40).map(|i| i * 1_000).collect(),
            has_consumers: true,
            ..Board::default()
        }
    }

    fn screen(board: &Board, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, board)).unwrap();
        let cells = terminal.backend().buffer().content();
        let rows = cells.chunks(usize::from(width.max(1)));
        rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>() + "\n").collect()
    }

    #[test]
    fn it_can_be_drawn_at_any_size() {
        for width in [1, 2, 10, 20, 49, 50, 60, 80, 120, 400] {
            for height in [1, 2, 3, 11, 12, 15, 24, 40, 100] {
                screen(&board(), width, height);
                screen(&Board::default(), width, height);
            }
        }
    }

    #[test]
    fn a_usual_terminal_shows_all_of_it() {
        let screen = screen(&board(), 80, 24);
        for text in [
            "measuring",
            "12 s left",
            "p99.9",
            "last second",
            "Records behind, by partition",
            "q ends the run",
            "50,000",
        ] {
            assert!(screen.contains(text), "no {text:?} in\n{screen}");
        }
    }

    #[test]
    fn a_small_one_shows_the_rate_and_the_tail() {
        let screen = screen(&board(), 30, 5);
        assert!(screen.contains("records/s") && screen.contains("p99"), "{screen}");
    }

    #[test]
    fn bars_grow_by_eighths() {
        assert_eq!([blocks(0.0), blocks(1.5), blocks(2.0)], ["".to_owned(), "█▌".into(), "██".into()]);
    }
}
