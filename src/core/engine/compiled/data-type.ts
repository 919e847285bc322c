/** TensorFlow's `DataType` of the tensors that rewrites look at. */
export const DataType = { float: 1, bool: 10, bf16: 14 } as const;
