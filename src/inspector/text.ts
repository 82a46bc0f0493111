// How wide a text is and where it is broken, without a screen. Widths are those of DejaVu Sans, than which the fonts that
// a picture asks for are narrower: what is given room by it is cut by none of them.

export interface Font {
  readonly sizePx: number;
  readonly isBold: boolean;
}

/** Thousandths of the size, for the characters from space to tilde. */
const regular = [
  318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636,
  636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295,
  295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838,
  500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521,
  392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
];
const bold = [
  348, 456, 521, 838, 696, 1002, 872, 306, 457, 457, 523, 838, 380, 415, 380, 365, 696, 696, 696, 696, 696,
  696, 696, 696, 696, 696, 400, 400, 838, 838, 838, 580, 1000, 774, 762, 734, 830, 683, 683, 821, 837, 372,
  372, 775, 637, 995, 837, 850, 733, 850, 770, 720, 682, 812, 774, 1103, 771, 724, 725, 457, 365, 457, 838,
  500, 500, 675, 716, 593, 716, 678, 435, 716, 712, 343, 343, 665, 343, 1042, 712, 687, 716, 716, 493, 595,
  478, 712, 652, 924, 645, 652, 582, 712, 365, 712, 838,
];
/** As wide as the widest there is. */
const widthOfOthers = 1103;

export function widthOf(text: string, { sizePx, isBold }: Font): number {
  const widths = isBold ? bold : regular;
  let sum = 0;
  for (const char of text.replaceAll("\u00a0", " "))
    sum += widths[(char.codePointAt(0) ?? 0) - 32] ?? widthOfOthers;
  return (sum * sizePx) / 1000;
}

/** Broken between words, so that no line is wider unless a single word is. A number stays with its unit. */
export function wrap(text: string, font: Font, maxPx: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.replace(/(\d) (?=(?:ms|s|min)\b)/g, "$1\u00a0").split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && widthOf(longer, font) > maxPx) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}
