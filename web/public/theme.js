// A file of its own, before everything else: the page must not be painted in the wrong colours first.
try {
  const chosen = localStorage.getItem('covalent.theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch {
  // Without storage the theme follows the system.
}
