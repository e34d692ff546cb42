// The field that wants the keyboard gets it at once: browsers do so when they next paint, and a window behind another may not.
document.querySelector("[autofocus]")?.focus();
