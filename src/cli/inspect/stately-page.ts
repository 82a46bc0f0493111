// The page that holds an inspector's page in a frame and hands it what comes: its text, its script and what it may do.
// Nothing on it is of this supervisor: all of that comes as frames.

/** `inspector` is the address of the page that draws. */
export function pageHtml(inspector: URL): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Splice: inspect</title>
<link rel="stylesheet" href="page.css">
<iframe title="Inspector" data-src="${inspector.href.replaceAll("&", "&amp;").replaceAll('"', "&quot;")}"></iframe>
<script src="page.js"></script>
</html>
`;
}

export const pageCss =
  "html, body, iframe { margin: 0; width: 100%; height: 100%; border: 0; overflow: hidden; }\n";

/**
 * Each time the inspector says that it is there it is told everything anew, so that it may be reloaded at any time. Where
 * the frames broke off something is missing, which only an inspector that begins anew does not show. It does in a new
 * frame, since an address with a fragment that is set again loads nothing.
 */
export const pageScript = `let frame = document.querySelector("iframe");
let frames;
function beginAnew() {
  frames?.close();
  const next = frame.cloneNode();
  next.src = next.dataset.src;
  frame.replaceWith(next);
  frame = next;
}
function listen(origin) {
  frames?.close();
  frames = new EventSource("frames");
  let isOpened = false;
  frames.onopen = () => {
    if (isOpened) beginAnew();
    isOpened = true;
  };
  frames.onmessage = ({ data }) => frame.contentWindow.postMessage(JSON.parse(data), origin);
  frames.addEventListener("reset", beginAnew);
}
addEventListener("message", ({ source, origin, data }) => {
  if (source === frame.contentWindow && data?.type === "@statelyai.connected") listen(origin);
});
frame.src = frame.dataset.src;
`;

/** It loads nothing but itself and the inspector, is put into no other page, and tells the inspector no address. */
export function pageHeaders(inspector: URL): Readonly<Record<string, string>> {
  const { protocol, host, origin } = inspector;
  const below = protocol === "https:" ? ` https://*.${host}` : "";
  return {
    "content-security-policy": `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src ${origin}${below}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
  };
}
