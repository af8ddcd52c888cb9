import { type TfTrial, tf } from './api.js';

export const trials: Readonly<Record<string, TfTrial>> = {
  'softmax 1024x1024': () => {
    const x = tf.randomNormal([1024, 1024]);
    return () => tf.softmax(x);
  },
};
