//! How registrations are written in each region, and what that says about a text. Pure.

use std::sync::LazyLock;

/// The regions that the reader tells apart, in the order of its outputs.
pub(crate) const REGIONS: &str = "at ba be bg by ch cz de dk ee es fi fr gb gr hr hu ie it lt lu lv md mk nl no pl pt ro rs ru se si sk tr ua \
                                  us ca mx br br-mercosur ar cl co in cn other";
/// The regions' syntaxes; the file explains itself.
const TABLE: &str = include_str!("syntax.txt");
/// The least that a text can weigh.
const LEAST_WEIGHT: f32 = 0.05;

/// How one region writes.
struct Syntax {
    region: &'static str,
    /// How likely a text that is written otherwise is, beside one that is not.
    otherwise: f32,
    forms: Vec<&'static str>,
}

static SYNTAXES: LazyLock<Vec<Syntax>> =
    LazyLock::new(|| TABLE.lines().filter_map(syntax).collect());

/// One line of the table; none for a comment.
fn syntax(line: &'static str) -> Option<Syntax> {
    if line.starts_with('#') {
        return None;
    }
    let mut words = line.split(' ');
    Some(Syntax {
        region: words.next()?,
        otherwise: words.next()?.parse().ok()?,
        forms: words.collect(),
    })
}

/// What a plate's region lets us expect of its text.
#[derive(Clone, Default)]
pub(crate) struct Expectation {
    /// How likely each region is that has a syntax.
    parts: Vec<(f32, &'static Syntax)>,
}

impl Expectation {
    /// Of regions with these probabilities, in the order of `REGIONS`.
    pub(crate) fn of_regions(probabilities: &[f32]) -> Self {
        let parts = REGIONS
            .split(' ')
            .zip(probabilities)
            .filter(|(_, probability)| **probability > 0.0 && **probability <= 1.0)
            .filter_map(|(region, probability)| {
                SYNTAXES
                    .iter()
                    .find(|syntax| syntax.region == region)
                    .map(|syntax| (*probability, syntax))
            })
            .collect();
        Self { parts }
    }

    /// How much a text is to be believed beside others, 0 to 1: 1 where nothing speaks against it.
    pub(crate) fn weight(&self, text: &str) -> f32 {
        let against: f32 = self
            .parts
            .iter()
            .filter(|(_, syntax)| {
                !syntax
                    .forms
                    .iter()
                    .any(|form| fits(form.as_bytes(), text.as_bytes()))
            })
            .map(|(probability, syntax)| probability * (1.0 - syntax.otherwise))
            .sum();
        (1.0 - against).clamp(LEAST_WEIGHT, 1.0)
    }
}

/// Whether a text of A-Z and 0-9 is written in a form.
fn fits(form: &[u8], text: &[u8]) -> bool {
    let Some((mark, rest)) = form.split_first() else {
        return text.is_empty();
    };
    let taken = text.split_first().is_some_and(|(symbol, left)| {
        let is_right = match mark.to_ascii_uppercase() {
            b'L' => symbol.is_ascii_uppercase(),
            b'D' => symbol.is_ascii_digit(),
            _ => true,
        };
        is_right && fits(rest, left)
    });
    taken || (mark.is_ascii_lowercase() && fits(rest, text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn surely(region: &str) -> Expectation {
        let probabilities: Vec<f32> = REGIONS
            .split(' ')
            .map(|code| f32::from(code == region))
            .collect();
        Expectation::of_regions(&probabilities)
    }

    #[test]
    fn a_text_in_the_regions_form_is_believed_and_another_less() {
        assert_eq!(surely("br").weight("BAT7086"), 1.0);
        assert!(surely("br").weight("BAT7Q86") < 0.1);
        assert_eq!(surely("br-mercosur").weight("RTF4H82"), 1.0);
        assert_eq!(surely("de").weight("BKX4711"), 1.0);
        assert_eq!(surely("de").weight("MAB1E"), 1.0);
        assert_eq!(surely("in").weight("MH20EE7597"), 1.0);
        assert!(surely("in").weight("MH20EE759Z") < 0.5);
    }

    #[test]
    fn a_region_without_a_syntax_and_no_region_speak_against_nothing() {
        assert_eq!(surely("us").weight("GR8DAD"), 1.0);
        assert_eq!(surely("mx").weight("A1"), 1.0);
        assert_eq!(Expectation::default().weight("A"), 1.0);
    }

    #[test]
    fn half_a_doubt_about_the_region_is_half_the_weight() {
        let probabilities: Vec<f32> = REGIONS
            .split(' ')
            .map(|code| {
                if code == "br" || code == "mx" {
                    0.5
                } else {
                    0.0
                }
            })
            .collect();
        let weight = Expectation::of_regions(&probabilities).weight("ABC123");
        assert!((weight - 0.525).abs() < 1e-3, "{weight}");
    }

    #[test]
    fn each_syntax_belongs_to_a_region_of_the_reader() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(SYNTAXES.len(), lines.count());
        for syntax in SYNTAXES.iter() {
            let code = syntax.region;
            assert!(REGIONS.split(' ').any(|region| region == code), "{code}");
            assert!((LEAST_WEIGHT..1.0).contains(&syntax.otherwise), "{code}");
            assert!(!syntax.forms.is_empty(), "{code}");
            for form in &syntax.forms {
                assert!(form.chars().all(|mark| "LDXldx".contains(mark)), "{form}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_in_any_doubt_has_a_weight_between_zero_and_one(
            text in "[A-Z0-9]{0,12}",
            probabilities in prop::collection::vec(prop::num::f32::ANY, 0..60),
        ) {
            let weight = Expectation::of_regions(&probabilities).weight(&text);
            prop_assert!(weight > 0.0 && weight <= 1.0);
        }
    }
}
