"""How the labelling page looks. Label Studio cleans this text as if it were HTML, so no "<", ">" or "&" stands in it.

The page fills the window and never scrolls as a whole: what is left over after everything else is the seller's text,
which scrolls by itself. The picture's tools have a place of their own: did the picture make room when they appear, it
would keep the size it had before, and lose its edges. Colours are Label Studio's own, so that the dark theme works.
"""

STYLE = """
.lsf-sidepanels:has(.ek) { padding: 0 !important; }
.lsf-sidepanels:has(.ek) .lsf-sidepanels__wrapper { display: none; }
.ek { --line: 1px solid var(--color-neutral-border, rgba(128, 128, 128, .35));
  --soft: var(--color-neutral-content-subtle, #6b6860); display: flex; gap: 20px; font-size: 15px; line-height: 1.4;
  height: calc(100vh - 130px); min-height: 480px; }
.ek .lsf-richtext__container, .ek .lsf-htx-richtext { padding: 0; margin: 0; border: 0; font-size: inherit;
  line-height: inherit; color: inherit; }
.ek-left { flex: 0 0 46%; min-width: 0; display: flex; flex-direction: column; gap: 10px; }
.ek-picture { flex: 1 1 0; min-height: 0; overflow: hidden; }
.ek-picture .lsf-object { padding-right: 46px; }
.ek-picture .lsf-toolbar { position: absolute; right: 0; top: 60px; }
.ek-right { flex: 1 1 0; min-width: 0; display: flex; flex-direction: column; gap: 8px; overflow-y: auto; }
.ek-title { font-size: 19px; font-weight: 600; line-height: 1.25; max-height: 3.8em; overflow-y: auto;
  overflow-wrap: anywhere; }
.ek-facts { display: flex; gap: 16px; justify-content: space-between; align-items: baseline; }
.ek-said { font-weight: 600; overflow-wrap: anywhere; max-height: 2.8em; overflow-y: auto; }
.ek-key { flex: 0 0 auto; max-width: 35%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
  color: var(--soft); font-size: 12px; }
.ek-text { flex: 1 1 60px; min-height: 60px; overflow-y: auto; overflow-wrap: anywhere; white-space: pre-line;
  border-top: var(--line); border-bottom: var(--line); padding: 6px 0; }
.ek-reasons { background: var(--color-warning-background, rgba(250, 173, 20, .15)); padding: 6px 10px;
  border-radius: 4px; white-space: pre-line; }
.ek-decide { display: flex; gap: 20px; align-items: flex-start; }
.ek-category { flex: 1 1 0; min-width: 0; }
.ek-suggestions { flex: 0 0 52%; min-width: 0; }
.ek .lsf-choices { margin: 0; }
.ek .lsf-choice { margin: 0; padding: 0; }
.ek .lsf-choice__item { padding: 2px 0; }
.ek .lsf-choice__checkbox { font-size: 15px; margin: 0; }
.ek .lsf-hint { font: 600 12px/1.4 var(--font-mono, monospace); vertical-align: 1px; margin-left: 6px; top: 0;
  color: var(--soft); }
.ek .ant-table-container, .ek .ant-table table, .ek .ant-table-cell {
  border-color: var(--color-neutral-border, rgba(128, 128, 128, .35)) !important; }
.ek .ant-table { font-size: 14px; background: transparent; color: inherit; }
.ek .ant-table-thead .ant-table-cell { padding: 2px 8px; font-weight: 400; color: var(--soft);
  background: transparent; white-space: nowrap; }
.ek .ant-table-tbody .ant-table-cell { padding: 4px 8px; background: transparent; color: inherit; }
.ek .ant-table-tbody .ant-table-cell:last-child { white-space: nowrap; font-variant-numeric: tabular-nums; }
.ek-long .lsf-choices { columns: 2; column-gap: 16px; }
.ek-long .lsf-choice { break-inside: avoid; }
.ek-other .ant-select { width: 100% !important; }
.ek-flags .lsf-choices { display: flex; flex-wrap: wrap; gap: 0 18px; }
.ek-flags .lsf-choice__checkbox { font-weight: 400; }
.ek .lsf-choice__checkbox span:last-child { padding-right: 0; }
.ek-words { display: flex; gap: 12px; }
.ek-new, .ek-comment { flex: 1 1 0; }
.ek-words .ant-form-item { margin: 0; }
.ek-strip { display: flex; gap: 8px; }
.ek-cell { flex: 1 1 0; min-width: 0; font-size: 12px; line-height: 1.3; }
.ek-cell i { display: block; height: 96px; background: center / contain no-repeat; border: var(--line);
  border-radius: 4px; margin-bottom: 3px; }
.ek-cell b, .ek-cell span { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.ek-cell span, .ek-near p { color: var(--soft); }
.ek-near p { margin: 0 0 4px; font-size: 13px; }
.ek-title, .ek-text, .ek-comment, .ek-cell b, .ek-cell span { unicode-bidi: plaintext; text-align: start; }
@media (max-width: 1400px) {
  .ek { gap: 14px; font-size: 14px; }
  .ek .lsf-choice__checkbox { font-size: 14px; }
  .ek-flags .lsf-choices { gap: 0 8px; }
  .ek .lsf-hint { margin-left: 4px; }
}
"""

GUIDE_STYLE = """
.ek-guide { font-size: 15px; line-height: 1.5; max-height: 75vh; overflow-y: auto; padding-right: 12px; }
.ek-guide h1 { display: none; }
.ek-guide h2 { font-size: 18px; font-weight: 600; margin: 18px 0 6px; }
.ek-guide p { margin: 6px 0; }
.ek-guide ul { list-style: disc outside; padding-left: 20px; }
.ek-guide ol { list-style: decimal outside; padding-left: 20px; }
.ek-guide li { margin: 3px 0; }
.ek-guide table { border-collapse: collapse; margin: 8px 0; }
.ek-guide th, .ek-guide td { border: 1px solid var(--color-neutral-border, #ccc); padding: 3px 8px; text-align: left;
  vertical-align: top; font-weight: inherit; }
.ek-guide code { border: 1px solid var(--color-neutral-border, #ccc); border-radius: 3px; padding: 0 4px;
  font-size: 13px; }
"""
