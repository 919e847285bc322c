import * as echarts from 'echarts';
import { quantile } from '../bootstrap.ts';
import { escapeHtml, type Html, trustedHtml } from './html.ts';

/** A named line of a chart. */
export interface Series {
  readonly label: string;
  /** CSS colour; a variable such as `var(--series-1)` follows the reader's light or dark theme. */
  readonly colour: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

interface LineChartOptions {
  /** What a reader who cannot see the chart is told. */
  readonly description: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly yScale?: 'linear' | 'log';
  readonly xMax?: number;
  readonly yMax?: number;
  /** Named vertical lines. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[];
}

const SIZE = { width: 560, height: 340 };
const TEXT = { color: 'var(--muted)', fontSize: 12, fontFamily: 'system-ui, sans-serif' };
const AXIS = {
  nameLocation: 'middle',
  nameTextStyle: TEXT,
  axisLabel: TEXT,
  axisLine: { lineStyle: { color: 'var(--line)' } },
  axisTick: { show: false },
  splitLine: { lineStyle: { color: 'var(--line)' } },
} as const;
const GRID = { left: 58, right: 18, top: 44, bottom: 48 };
const LEGEND = { top: 4, left: 52, itemGap: 24, itemWidth: 18, itemHeight: 3, icon: 'rect', textStyle: TEXT };

export function lineChart(series: readonly Series[], options: LineChartOptions): Html {
  const markLine = {
    silent: true,
    symbol: 'none',
    lineStyle: { color: 'var(--muted)', type: 'dashed' },
    data: (options.marks ?? []).map(({ x, label }) => ({
      xAxis: x,
      label: { formatter: label, position: 'insideEndTop', rotate: 0, align: 'left', ...TEXT },
    })),
  };
  return renderChart(options.description, {
    grid: GRID,
    legend: LEGEND,
    xAxis: {
      ...AXIS,
      type: 'value',
      name: options.xLabel,
      nameGap: 28,
      ...(options.xMax === undefined ? {} : { max: options.xMax }),
      splitLine: { show: false },
    },
    yAxis: {
      ...AXIS,
      type: options.yScale === 'log' ? 'log' : 'value',
      name: options.yLabel,
      nameGap: 42,
      ...(options.yMax === undefined ? {} : { max: options.yMax }),
    },
    series: series.map(({ label, colour, points }, index) => ({
      type: 'line',
      name: label,
      data: points.map((point) => [...point]),
      showSymbol: points.length === 1,
      sampling: 'lttb',
      lineStyle: { color: colour, width: 2 },
      itemStyle: { color: colour },
      ...(index === 0 ? { markLine } : {}),
    })),
  });
}

interface Box {
  readonly label: string;
  readonly values: readonly number[];
}

/** Tukey's box plot: whiskers to the last value within 1.5 interquartile ranges, points beyond. */
export function boxPlot(boxes: readonly Box[], options: { description: string; yLabel: string }): Html {
  const parts = boxes.map(({ values }) => tukeyBox(values));
  const rotate = boxes.length > 8 || boxes.some(({ label }) => label.length > 10) ? 40 : 0;
  return renderChart(
    options.description,
    {
      grid: { ...GRID, top: 16, bottom: rotate > 0 ? 84 : 36 },
      xAxis: {
        ...AXIS,
        type: 'category',
        data: boxes.map(({ label }) => label),
        axisLabel: { ...TEXT, fontSize: 11, interval: 0, rotate, width: 110, overflow: 'truncate' },
      },
      yAxis: { ...AXIS, type: 'value', name: options.yLabel, nameGap: 42 },
      series: [
        {
          type: 'boxplot',
          data: parts.map(({ box }) => box),
          itemStyle: { color: 'var(--soft)', borderColor: 'var(--series-1)', borderWidth: 1.5 },
          boxWidth: [6, 34],
        },
        {
          type: 'scatter',
          symbolSize: 4,
          data: parts.flatMap(({ outliers }, index) => outliers.map((value) => [index, value])),
          itemStyle: { color: 'var(--series-1)', opacity: 0.7 },
        },
      ],
    },
    { width: Math.max(SIZE.width, 60 + 52 * boxes.length), height: 360 },
  );
}

function tukeyBox(values: readonly number[]): { box: number[]; outliers: number[] } {
  const sorted = [...values].sort((a, b) => a - b);
  const [q1, q2, q3] = [0.25, 0.5, 0.75].map((p) => quantile(sorted, p)) as [number, number, number];
  const reach = 1.5 * (q3 - q1);
  const within = sorted.filter((value) => value >= q1 - reach && value <= q3 + reach);
  return {
    box: [within[0] ?? q1, q1, q2, q3, within.at(-1) ?? q3],
    outliers: sorted.filter((value) => value < q1 - reach || value > q3 + reach),
  };
}

interface ScatterOptions {
  readonly description: string;
  readonly xLabel: string;
  readonly yLabel: string;
}

/** Pairs of errors of the same image, with the diagonal on which both are equal. */
export function pairedScatter(points: readonly (readonly [number, number])[], options: ScatterOptions): Html {
  const max = roundedUp(Math.max(...points.flat()));
  const axis = { ...AXIS, type: 'value', min: 0, max, interval: max / 5 };
  return renderChart(options.description, {
    grid: { ...GRID, top: 16 },
    xAxis: { ...axis, name: options.xLabel, nameGap: 28 },
    yAxis: { ...axis, name: options.yLabel, nameGap: 42 },
    series: [
      {
        type: 'scatter',
        symbolSize: 6,
        data: points.map((point) => [...point]),
        itemStyle: { color: 'var(--series-1)', opacity: 0.75 },
        markLine: {
          silent: true,
          symbol: 'none',
          lineStyle: { color: 'var(--muted)', type: 'dashed' },
          label: { show: false },
          data: [[{ coord: [0, 0] }, { coord: [axis.max, axis.max] }]],
        },
      },
    ],
  });
}

/** The next multiple of half a power of ten, so that five intervals have short labels. */
function roundedUp(value: number): number {
  if (value <= 0) return 1;
  const step = 10 ** Math.floor(Math.log10(value)) / 2;
  return step * Math.ceil(value / step);
}

/** Differences of the images, smallest to largest: how many gained and how much. */
export function differenceBars(differences: readonly number[], options: ScatterOptions): Html {
  const sorted = [...differences].sort((a, b) => a - b);
  return renderChart(options.description, {
    grid: { ...GRID, top: 16 },
    xAxis: {
      ...AXIS,
      type: 'category',
      name: options.xLabel,
      nameGap: 28,
      axisLabel: { show: false },
      axisLine: { ...AXIS.axisLine, onZero: false },
    },
    yAxis: { ...AXIS, type: 'value', name: options.yLabel, nameGap: 42 },
    series: [
      {
        type: 'bar',
        barCategoryGap: '15%',
        data: sorted.map((value) => ({
          value,
          itemStyle: { color: value <= 0 ? 'var(--series-1)' : 'var(--series-2)' },
        })),
      },
    ],
  });
}

interface DotRow {
  readonly label: string;
  readonly dots: readonly number[];
  readonly mean: number;
  readonly interval: readonly [low: number, high: number] | null;
}

/** A row a method: its dots, their mean as a diamond, and the mean's interval as a bar. */
export function dotPlot(rows: readonly DotRow[], options: { description: string; xLabel: string }): Html {
  const bars = rows.flatMap(({ interval }, row) =>
    interval === null ? [] : [interval.map((value) => [value, row])],
  );
  return renderChart(
    options.description,
    {
      grid: { ...GRID, left: 150, top: 12 },
      xAxis: { ...AXIS, type: 'value', scale: true, name: options.xLabel, nameGap: 28 },
      yAxis: {
        ...AXIS,
        type: 'category',
        inverse: true,
        data: rows.map(({ label }) => label),
        axisLabel: { ...TEXT, width: 136, overflow: 'truncate' },
      },
      series: [
        ...bars.map((data) => ({
          type: 'line',
          data,
          showSymbol: false,
          lineStyle: { color: 'var(--series-1)', width: 3, opacity: 0.45 },
        })),
        {
          type: 'scatter',
          symbolSize: 8,
          data: rows.flatMap(({ dots }, row) => dots.map((dot) => [dot, row])),
          itemStyle: { color: 'var(--series-2)', opacity: 0.75 },
        },
        {
          type: 'scatter',
          symbol: 'diamond',
          symbolSize: 13,
          data: rows.map(({ mean }, row) => [mean, row]),
          itemStyle: { color: 'var(--series-1)' },
        },
      ],
    },
    { width: SIZE.width, height: 76 + 42 * rows.length },
  );
}

interface CoordinateAxis {
  readonly label: string;
  /** Of each line: numbers lie to scale, words where they first appear. */
  readonly values: readonly (number | string)[];
}

/** A line through every axis for each of some points, best first: the best one stands out, the others fade. */
export function parallelCoordinates(axes: readonly CoordinateAxis[], options: { description: string }): Html {
  const lines = axes[0]!.values.map((_, index) => axes.map(({ values }) => values[index]!));
  const series = lines.map((line, rank) => ({
    type: 'parallel',
    z: lines.length - rank,
    lineStyle: {
      color: rank === 0 ? 'var(--series-2)' : 'var(--series-1)',
      width: rank === 0 ? 3.5 : 1.5,
      opacity: rank === 0 ? 1 : 0.9 - (0.7 * rank) / lines.length,
    },
    data: [line],
  }));
  return renderChart(
    options.description,
    {
      parallel: { left: 60, right: 90, top: 48, bottom: 28, parallelAxisDefault: { ...AXIS, nameGap: 18 } },
      parallelAxis: axes.map(({ label, values }, dim) => ({
        ...scaleOf(values),
        dim,
        name: label,
        nameLocation: 'end',
      })),
      series,
    },
    { width: Math.max(760, 150 * axes.length), height: 400 },
  );
}

/** Magnitudes apart, numbers are told apart on a logarithmic scale only. */
function scaleOf(values: readonly (number | string)[]): object {
  if (values.some((value) => typeof value === 'string'))
    return { type: 'category', data: [...new Set(values.map(String))] };
  const numbers = values as readonly number[];
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const formatter = (value: number) => String(Number(value.toPrecision(3)));
  return {
    type: low > 0 && high / low >= 50 ? 'log' : 'value',
    scale: true,
    min: low,
    max: high,
    axisLabel: { ...TEXT, formatter },
  };
}

function renderChart(
  description: string,
  option: object,
  size: { width: number; height: number } = SIZE,
): Html {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size });
  try {
    chart.setOption({ animation: false, silent: true, backgroundColor: 'transparent', ...option });
    const label = escapeHtml(description);
    return trustedHtml(
      chart.renderToSVGString().replace('<svg ', `<svg class="chart" role="img" aria-label="${label}" `),
    );
  } finally {
    chart.dispose();
  }
}
