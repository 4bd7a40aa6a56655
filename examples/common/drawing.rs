//! What charts are drawn with: two plots one above the other, on the same axes, with the phases of the runs shaded.

use core::error::Error;
use core::ops::Range;
use core::time::Duration;

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::traffic::Plan;

/// Left and right edge of all plots, in pixels.
pub const SIDES: (i32, i32) = (84, 1176);
/// How wide a chart is.
const WIDTH: i32 = 1200;
/// Height of a plot.
pub const HEIGHT: i32 = 310;
/// How much of it belongs to the names of the phases.
const NAMES: i32 = 50;

/// The palette of Okabe and Ito, which holds for every kind of colour vision.
pub const BLUE: RGBColor = RGBColor(0, 114, 178);
pub const GREEN: RGBColor = RGBColor(0, 158, 115);
pub const VERMILION: RGBColor = RGBColor(213, 94, 0);
pub const YELLOW: RGBColor = RGBColor(240, 228, 66);
pub const INK: RGBColor = RGBColor(34, 34, 34);
pub const FAINT: RGBColor = RGBColor(96, 96, 96);

/// What a phase is shaded with: when the service is slow, dead, and coming back.
pub const SLOW: RGBColor = RGBColor(250, 238, 214);
pub const DEAD: RGBColor = RGBColor(224, 224, 226);
pub const RECOVERING: RGBColor = RGBColor(226, 238, 248);

pub const LEFT: (HPos, VPos) = (HPos::Left, VPos::Bottom);
pub const BESIDE: (HPos, VPos) = (HPos::Left, VPos::Center);
pub const BEFORE: (HPos, VPos) = (HPos::Right, VPos::Center);
const BELOW: (HPos, VPos) = (HPos::Center, VPos::Top);

pub type Canvas<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
pub type Plot<'a> = DrawingArea<SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
pub type Drawn = Result<(), Box<dyn Error>>;
/// A chart as text.
pub type Svg = Result<String, Box<dyn Error>>;

/// An SVG of this height with a title, and below it a line that says what was run.
pub fn svg(height: i32, title: &str, what: &str, draw: impl FnOnce(&Canvas<'_>) -> Drawn) -> Svg {
    let mut svg = String::new();
    {
        let canvas = SVGBackend::with_string(&mut svg, (WIDTH as u32, height as u32)).into_drawing_area();
        canvas.fill(&WHITE)?;
        text(&canvas, title, (SIDES.0, 40), 28, &INK, LEFT)?;
        text(&canvas, what, (SIDES.0, 64), 16, &FAINT, LEFT)?;
        draw(&canvas)?;
        let middle = ((SIDES.0 + SIDES.1) / 2, height - 12);
        let centred = (HPos::Center, VPos::Bottom);
        text(&canvas, "seconds from the start", middle, 16, &INK, centred)?;
        canvas.present()?;
    }
    Ok(svg)
}

/// What is above a plot that begins at `top`.
pub fn heading(canvas: &Canvas<'_>, top: i32, title: &str, verdict: &str) -> Drawn {
    text(canvas, title, (SIDES.0, top - 28), 20, &INK, LEFT)?;
    text(canvas, verdict, (SIDES.0, top - 10), 16, &INK, LEFT)
}

/// A plot in which the end of `values` reaches up to the names of the phases.
pub fn plot<'a>(canvas: &Canvas<'a>, plan: &Plan, top: i32, values: Range<f64>) -> Plot<'a> {
    let edge = values.start + (values.end - values.start) * f64::from(HEIGHT) / f64::from(HEIGHT - NAMES);
    // Values run upwards and pixels downwards.
    let pixels = (SIDES.0..SIDES.1, top..top + HEIGHT);
    canvas.apply_coord_spec(Cartesian2d::new(
        0.0..plan.length().as_secs_f64(),
        edge..values.start,
        pixels,
    ))
}

/// Shades a phase in a plot that begins at `top`, and tells what happens in it.
pub fn phase(
    plot: &Plot<'_>,
    plan: &Plan,
    top: i32,
    span: Range<Duration>,
    colour: RGBColor,
    [name, what]: [&str; 2],
) -> Drawn {
    let canvas = plot.strip_coord_spec();
    let (from, to) = (across(plan, span.start), across(plan, span.end));
    let corners = [(from, top), (to, top + HEIGHT)];
    canvas.draw(&Rectangle::new(corners, colour.filled()))?;
    let middle = (from + to) / 2;
    text(&canvas, name, (middle, top + 6), 16, &INK, BELOW)?;
    text(&canvas, what, (middle, top + 26), 13, &FAINT, BELOW)
}

/// Lines across a plot that begins at `top`, at these values, and what they count.
pub fn grid(
    canvas: &Canvas<'_>,
    plot: &Plot<'_>,
    plan: &Plan,
    top: i32,
    marks: impl IntoIterator<Item = (f64, String)>,
    unit: &str,
) -> Drawn {
    let bottom = top + HEIGHT;
    for (value, name) in marks {
        let ends = [(0.0, value), (plan.length().as_secs_f64(), value)];
        let (x, y) = plot.map_coordinate(&ends[0]);
        let strength = if y >= bottom - 1 { 1.0 } else { 0.12 };
        plot.draw(&PathElement::new(ends, INK.mix(strength)))?;
        text(canvas, &name, (x - 8, y), 14, &INK, BEFORE)?;
    }
    let upwards = style(16, &INK, BELOW).transform(FontTransform::Rotate270);
    canvas.draw(&Text::new(unit.to_owned(), (14, bottom - HEIGHT / 2), upwards))?;
    Ok(())
}

/// The axis of time: ticks below `bottom`, numbers below `free`.
pub fn seconds(canvas: &Canvas<'_>, plan: &Plan, bottom: i32, free: i32) -> Drawn {
    let step = tick(f64::from(plan.seconds) / 12.0).max(1.0) as usize;
    for second in (0..=plan.seconds).step_by(step) {
        let x = across(plan, Duration::from_secs(second.into()));
        canvas.draw(&PathElement::new([(x, bottom), (x, bottom + 5)], INK))?;
        text(canvas, &second.to_string(), (x, free + 9), 14, &INK, BELOW)?;
    }
    Ok(())
}

/// Where a time lies, in pixels.
pub fn across(plan: &Plan, at: Duration) -> i32 {
    let share = at.as_secs_f64() / plan.length().as_secs_f64();
    SIDES.0 + (share.min(1.0) * f64::from(SIDES.1 - SIDES.0)).round() as i32
}

/// The next of 1, 2, 5, 10, 20, 50, ... that is not below.
pub fn tick(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|times| times * power)
        .find(|tick| *tick >= least)
        .unwrap_or(least)
}

fn style(size: i32, colour: &RGBColor, (h, v): (HPos, VPos)) -> TextStyle<'_> {
    TextStyle::from(("sans-serif", size).into_font())
        .color(colour)
        .pos(Pos::new(h, v))
}

pub fn text(
    canvas: &Canvas<'_>,
    words: &str,
    at: (i32, i32),
    size: i32,
    colour: &RGBColor,
    pos: (HPos, VPos),
) -> Drawn {
    Ok(canvas.draw(&Text::new(words.to_owned(), at, style(size, colour, pos)))?)
}
