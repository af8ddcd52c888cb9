export {
  CosineAnnealingLR,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  LRScheduler,
  type LrContext,
  MultiStepLR,
  StepLR,
} from './lrScheduler.js';
export { type PlateauOptions, type PlateauState, ReduceLROnPlateau } from './plateau.js';
