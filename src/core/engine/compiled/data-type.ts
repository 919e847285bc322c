/** TensorFlow's `DataType` of the tensors that rewrites look at. */
export const DataType = { float: 1, int32: 3, bool: 10, bf16: 14 } as const;
