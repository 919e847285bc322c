/** What one step told: `loss`, `loss.<part>`, `gradient_norm`, `learning_rate`. */
export type StepMetrics = Readonly<Record<string, number>>;
