use std::ops::ControlFlow;
use models::triage::{Recipe, make};
fn main() {
    let setting = |name: &str, or: f32| std::env::var(name).ok().and_then(|v| v.parse::<f32>().ok()).unwrap_or(or);
    let mut recipe = Recipe::shipped(Vec::new());
    recipe.messages = setting("N", 10000.0) as usize;
    let s = &mut recipe.settings;
    s.folds = setting("FOLDS", 3.0) as usize;
    s.pace.table_rate = setting("RATE", s.pace.table_rate);
    s.pace.dropout = setting("DROPOUT", s.pace.dropout);
    s.pace.table_decay = setting("DECAY", s.pace.table_decay);
    s.pace.smoothing = setting("SMOOTH", s.pace.smoothing);
    s.shape.piece_weight = setting("PIECE", s.shape.piece_weight);
    s.shape.words_max = setting("WORDS", s.shape.words_max as f32) as usize;
    s.epochs_max = setting("EPOCHS", s.epochs_max as f32) as usize;
    let made = make(&recipe, &mut |now| {
        println!("{} {} {:.4} {:?}", now.run, now.epoch, now.loss, now.held_loss);
        ControlFlow::Continue(())
    }).unwrap();
    for (name, value) in &made.artifact.header.quality { println!("{name} {value:.4}"); }
    println!("threshold {}", made.none_threshold);
    for l in &made.trained.quality.heads[0].labels { println!("{} n {} p {:.3} r {:.3}", l.name, l.support, l.precision(), l.recall()); }
    {
        use models::triage::{danger::found, features::extract, schema::Truth};
        let examples = recipe.examples().unwrap();
        let rows: Vec<(bool, bool, f32)> = examples.iter().zip(&made.trained.out_of_fold)
            .map(|(e, p)| (e.truths[0] != Truth::One(0), !found(&extract(&e.text, &recipe.settings.shape).tokens).is_empty(), p[0])).collect();
        let em = rows.iter().filter(|r| r.0).count();
        println!("danger in emergencies {:.3}, in others {:.3}", rows.iter().filter(|r| r.0 && r.1).count() as f32 / em as f32,
            rows.iter().filter(|r| !r.0 && r.1).count() as f32 / (rows.len() - em) as f32);
        for t in [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995] {
            let n = |want: bool| rows.iter().filter(|r| r.0 == want && !r.1 && r.2 >= t).count();
            println!("{t}: missed {} found {:.3}", n(true), n(false) as f32 / (rows.len() - em) as f32);
        }
    }
    if std::env::var("HARD").is_ok() {
        let examples = recipe.examples().unwrap();
        let mut hard: Vec<(f32, &str)> = examples.iter().zip(&made.trained.out_of_fold)
            .filter(|(e, _)| e.truths[0] != models::triage::schema::Truth::One(0))
            .map(|(e, p)| (p[0], e.text.as_str())).collect();
        hard.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (p, t) in hard.iter().take(40) { println!("{p:.4} {t}"); }
    }
}
