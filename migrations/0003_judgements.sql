-- What models suggest and what people answer. The two are different tables for ever: only answers train.

CREATE TABLE splits (
    item_id  BIGINT NOT NULL,
    split    VARCHAR NOT NULL,
    group_id BIGINT NOT NULL,
    seed     BIGINT NOT NULL,
    run_id   BIGINT NOT NULL
);
COMMENT ON TABLE splits IS 'The side each item is on, train or test; near-duplicates share a group. The newest run counts.';

CREATE TABLE heads (
    head_id     VARCHAR PRIMARY KEY,
    kind        VARCHAR NOT NULL,
    spaces      VARCHAR[] NOT NULL,
    classes     VARCHAR[] NOT NULL,
    file        VARCHAR NOT NULL,
    config      JSON NOT NULL,
    metrics     JSON NOT NULL,
    calibration JSON NOT NULL,
    depth       INTEGER NOT NULL,
    run_id      BIGINT NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE heads IS 'Each trained classifier: what it reads, the classes it knows, how it was made and how well it did.';

CREATE TABLE predictions (
    head_id     VARCHAR NOT NULL,
    run_id      BIGINT NOT NULL,
    item_id     BIGINT NOT NULL,
    labels      VARCHAR[] NOT NULL,
    probs       FLOAT[] NOT NULL,
    margin      FLOAT NOT NULL,
    entropy     FLOAT NOT NULL,
    decision    VARCHAR NOT NULL,
    reason      VARCHAR NOT NULL,
    out_of_fold BOOLEAN NOT NULL
);
COMMENT ON TABLE predictions IS 'The likeliest categories of an item, best first, and whether a person should look.';

CREATE TABLE review_items (
    batch_id BIGINT NOT NULL,
    run_id   BIGINT NOT NULL,
    item_id  BIGINT NOT NULL,
    head_id  VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    score    DOUBLE NOT NULL,
    reasons  VARCHAR[] NOT NULL,
    drawn_by VARCHAR NOT NULL
);
COMMENT ON TABLE review_items IS 'Items queued for people, in order, with why each was drawn.';

CREATE TABLE labels (
    label_id BIGINT PRIMARY KEY,
    item_id  BIGINT NOT NULL,
    label    VARCHAR NOT NULL,
    source   VARCHAR NOT NULL,
    drawn_by VARCHAR NOT NULL,
    who      VARCHAR NOT NULL,
    made_at  TIMESTAMPTZ NOT NULL,
    run_id   BIGINT NOT NULL,
    details  JSON NOT NULL
);
COMMENT ON TABLE labels IS 'Every answer ever given to "which category?"; none is changed or removed.';
